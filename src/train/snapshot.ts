/** The values of every weight and of the state of the update rules, by name. */
export type Snapshot = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** What the model must know of the data. */
export interface ExampleSpec {
  readonly shape: readonly number[];
  readonly range: "unit" | "real";
}

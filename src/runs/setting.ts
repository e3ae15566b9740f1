/** A value at a dotted key of a configuration, for example `["descent.learningRate", 0.001]`. */
export type Setting = readonly [key: string, value: unknown];

import type { Initialiser } from "../program.ts";

/** 0 everywhere. */
export const zeros: Initialiser = { kind: "constant", value: 0 };
/** 1 everywhere. */
export const ones: Initialiser = { kind: "constant", value: 1 };

/** The initialisers of a dense layer's weight and bias. */
export interface DenseInitialiser {
  weight(fanIn: number, fanOut: number): Initialiser;
  bias(fanIn: number): Initialiser;
}

const symmetric = (bound: number): Initialiser => ({ kind: "uniform", low: -bound, high: bound });

/** Weight uniform in +-sqrt(6 / (fanIn + fanOut)), bias 0 (Glorot and Bengio 2010): what TensorFlow does. */
export const glorotUniform: DenseInitialiser = {
  weight: (fanIn, fanOut) => symmetric(Math.sqrt(6 / (fanIn + fanOut))),
  bias: () => zeros,
};

/** Weight and bias uniform in +-1/sqrt(fanIn) (LeCun et al. 1998 up to a factor): what PyTorch does. */
export const fanInUniform: DenseInitialiser = {
  weight: (fanIn) => symmetric(1 / Math.sqrt(fanIn)),
  bias: (fanIn) => symmetric(1 / Math.sqrt(fanIn)),
};

/** Every initialiser, by its name in configurations. */
export const initialisers = { "fan-in-uniform": fanInUniform, "glorot-uniform": glorotUniform } as const;

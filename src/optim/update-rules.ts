import { adam } from "./adam.ts";
import { adamW } from "./adamw.ts";
import { blockNewton } from "./block-newton.ts";
import { coordinateNewton } from "./coordinate-newton.ts";
import { curvatureStep } from "./curvature.ts";
import { gradientStep } from "./gradient.ts";
import { hutchinson } from "./hutchinson.ts";
import { momentum, nesterov } from "./momentum.ts";
import { normalised } from "./normalised.ts";
import { rmsprop } from "./rmsprop.ts";
import { exact, lineSearch, lipschitz } from "./searched.ts";
import type { UpdateRule } from "./update-rule.ts";

/** Settings that update rules share; each takes what it knows, and has its own default for what is not given. */
export interface UpdateSettings {
  /** Decay of the average of gradients, in [0, 1): 0.9. For adam, adamw, hutchinson. */
  readonly beta1?: number;
  /** Decay of the average of squares, in [0, 1): 0.999 for adam and adamw, 0.99 for rmsprop and hutchinson. */
  readonly beta2?: number;
  /** In (-1, 1): 0.9. For momentum, nesterov. */
  readonly momentum?: number;
  /** Shrinks weights by learningRate * weightDecay a step: 0.01. For adamw. */
  readonly weightDecay?: number;
  /** Whether steps are relative to the norm of the block: true. For normalised. */
  readonly relative?: boolean;
  /** Added to the diagonal of the Hessian: 0. For block-newton. */
  readonly damping?: number;
  /** Products with the Hessian in a step, at most: 10. For block-newton. */
  readonly iterations?: number;
}

const rules = {
  gradient: gradientStep,
  momentum,
  nesterov,
  rmsprop,
  adam,
  adamw: adamW,
  normalised,
  curvature: () => curvatureStep(),
  "coordinate-newton": () => coordinateNewton(),
  hutchinson,
  "block-newton": blockNewton,
  lipschitz: () => lipschitz(),
  "line-search": () => lineSearch(),
  exact: () => exact(),
} as const;

/** A key of `updateRules`. */
export type UpdateName = keyof typeof rules;

/** Every update rule, by its name in configurations. */
export const updateRules: Readonly<Record<UpdateName, (settings: UpdateSettings) => UpdateRule>> = rules;

import type { Dataset } from "../../src/data/dataset.ts";
import { fillUniform, stream } from "../../src/random.ts";

/** Images of 8 x 8 pixels that show nothing. */
export const noise: Dataset = {
  name: "noise",
  shape: [1, 8, 8],
  range: "unit",
  count: undefined,
  fingerprint: "",
  fill: (seed, step, out) => fillUniform(stream(seed, "images"), step, out),
};

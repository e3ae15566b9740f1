import { fillNormal, stream, uniform } from "../random.ts";
import { batchSize, type Dataset } from "./dataset.ts";

/** Points in the plane from equally likely round Gaussians. */
export interface Mixture extends Dataset {
  readonly centres: readonly (readonly [x: number, y: number])[];
  /** Standard deviation of each Gaussian along each axis. */
  readonly deviation: number;
}

/**
 * Example i of batch `step` is centre floor(u k) of the k centres plus deviation (z1, z2): u is number i of the stream "data/mode", z1 and
 * z2 are numbers 2i and 2i + 1 of the stream "data/noise", so it does not depend on the batch size.
 */
function mixture(fields: Pick<Mixture, "name" | "centres" | "deviation" | "fingerprint">): Mixture {
  const { name, centres, deviation } = fields;
  return {
    ...fields,
    shape: [2],
    range: "real",
    count: undefined,
    fill(seed, step, out, part = 0) {
      const size = batchSize(name, 2, step, out);
      const first = part * size;
      const modes = stream(seed, "data/mode");
      fillNormal(stream(seed, "data/noise"), step, out, 2 * first);
      for (let i = 0; i < size; i++) {
        const centre = centres[Math.floor(uniform(modes, step, first + i) * centres.length)]!;
        out[2 * i] = centre[0] + deviation * out[2 * i]!;
        out[2 * i + 1] = centre[1] + deviation * out[2 * i + 1]!;
      }
    },
  };
}

const diagonal = Math.SQRT2; // 2 cos 45 degrees

/** Eight Gaussians on a circle of radius 2, counter-clockwise from (2, 0), standard deviation 0.02. */
export const ring: Mixture = mixture({
  name: "ring",
  centres: [
    [2, 0],
    [diagonal, diagonal],
    [0, 2],
    [-diagonal, diagonal],
    [-2, 0],
    [-diagonal, -diagonal],
    [0, -2],
    [diagonal, -diagonal],
  ],
  deviation: 0.02,
  fingerprint: "c06b38e81faa89f9a55be8598a0df90a950d8218523d8126b4abe81a73a40d82",
});

const steps = [-4, -2, 0, 2, 4];

/** 25 Gaussians at {-4, -2, 0, 2, 4} x {-4, -2, 0, 2, 4}, standard deviation 0.05. */
export const grid: Mixture = mixture({
  name: "grid",
  centres: steps.flatMap((y) => steps.map((x) => [x, y] as const)),
  deviation: 0.05,
  fingerprint: "9c3b1333f023f8cead30b352ac702da14d58fb268d6db63cf5523c658706a42e",
});

import { createHash } from "node:crypto";
import { stream, uniform } from "../random.ts";
import { batchSize, type Dataset } from "./dataset.ts";
import { imageDataset } from "./image-feed.ts";
import type { Images } from "./images.ts";

/**
 * Stacked digits (Metz et al. 2017, "Unrolled generative adversarial networks"): images [3, height, width] of three random images as channels, without end; of ten classes they have
 * 1,000 modes. Channel c of example i of batch `step` is image floor(u n) of n, u number 3i + c of the stream "data/stacked", so it does not depend on
 * the batch size.
 */
export function stackedDigits(images: Images): Dataset {
  const { fingerprint } = imageDataset(images);
  const { count, height, width, pixels } = images;
  const [name, area] = [`stacked-${images.name}`, height * width];
  return {
    name,
    shape: [3, height, width],
    range: "unit",
    count: undefined,
    fingerprint: createHash("sha256").update(`stacked, version 1, of ${fingerprint}`).digest("hex"),
    fill(seed, step, out, part = 0) {
      const size = batchSize(name, 3 * area, step, out);
      const choices = stream(seed, "data/stacked");
      for (let plane = 0; plane < 3 * size; plane++) {
        const image = Math.floor(uniform(choices, step, 3 * part * size + plane) * count);
        for (let i = 0; i < area; i++) out[plane * area + i] = pixels[image * area + i]! / 255;
      }
    },
  };
}

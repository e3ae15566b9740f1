import { createHash } from "node:crypto";
import { ShapeError } from "../errors.ts";
import { permutation, stream } from "../random.ts";
import { batchSize, type Dataset } from "./dataset.ts";
import type { Images } from "./images.ts";
import { imageWriter } from "./pixel-values.ts";

/**
 * Images as a data set of shape [1, height, width], pixel / 255, in shuffled epochs without replacement: batch `step` of B images holds the
 * places step B .. step B + B - 1 of the permutations of all epochs laid end to end. Throws a `ShapeError` where sizes and data disagree.
 */
export function imageDataset(images: Images): Dataset {
  checkSizes(images);
  const { name, count, height, width, pixels } = images;
  const imageSize = height * width;
  const orderOf = epochOrders(count);
  const write = imageWriter(pixels, imageSize);
  return {
    name,
    shape: [1, height, width],
    range: "unit",
    count,
    fingerprint: fingerprint(images),
    fill(seed, step, out, part = 0, parts = 1) {
      const first = (step * parts + part) * batchSize(name, imageSize, step, out);
      let epoch = Math.floor(first / count);
      let place = first % count;
      let order = orderOf(seed, epoch);
      for (let start = 0; start < out.length; start += imageSize) {
        if (place === count) {
          place = 0;
          order = orderOf(seed, ++epoch);
        }
        const image = order[place++]!;
        write(image, out, start, order[place] ?? image);
      }
    },
  };
}

/** The order of the images in an epoch; keeps the two last used, as batches may straddle an epoch's end. */
function epochOrders(count: number): (seed: number, epoch: number) => Uint32Array {
  const nothing: Uint32Array = new Uint32Array();
  const kept = [0, 1].map(() => ({ seed: -1, epoch: -1, order: nothing }));
  return (seed, epoch) => {
    const slot = kept[epoch % 2]!;
    if (slot.seed !== seed || slot.epoch !== epoch) {
      slot.order = permutation(stream(seed, "data"), epoch, count);
      slot.seed = seed;
      slot.epoch = epoch;
    }
    return slot.order;
  };
}

function checkSizes({ name, count, height, width, pixels, labels }: Images): void {
  if (count > 0 && pixels.length === count * height * width && (labels?.length ?? count) === count) return;
  throw new ShapeError(
    `${name}: expected pixels [${count}, ${height}, ${width}] and labels [${count}] or none, of at least one image, ` +
      `got ${pixels.length} pixels and ${labels?.length ?? "no"} labels. Are count, height and width right?`,
  );
}

/** SHA-256 of sizes, pixels and labels, where there are any. */
function fingerprint({ count, height, width, pixels, labels }: Images): string {
  const sizes = `images [${count}, ${height}, ${width}]\n`;
  return createHash("sha256")
    .update(sizes)
    .update(pixels)
    .update(labels ?? new Uint8Array())
    .digest("hex");
}

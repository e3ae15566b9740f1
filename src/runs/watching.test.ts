import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../test/support/command.ts";
import { simple } from "../../test/support/config.ts";
import { encodeNpy } from "../data/npy.ts";
import { strokes } from "../data/strokes.ts";
import { type DataSource, dataSetOf } from "./data-source.ts";
import { watchOf } from "./watching.ts";

test.each([
  [160, undefined],
  [319, undefined],
  [320, 32],
  [1000, 64],
])("of %i images of one's own %s held-out ones are judged: of few, chance would", async (count, heldOut) => {
  const path = join(temporaryDirectory(), "images.npy");
  writeFileSync(path, encodeNpy([count, 28, 28], strokes({ count }).pixels));
  const source: DataSource = { name: path };
  const watched = await watchOf(simple, source, await dataSetOf(path).open(source), undefined);
  expect(watched?.heldOut?.length).toBe(heldOut && heldOut * 28 * 28);
});

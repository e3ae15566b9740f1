import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Fault, type FaultyDisk, faultyDisk } from "../../test/support/faulty-disk.ts";
import { CheckpointError, StorageError } from "../errors.ts";
import {
  bestPath,
  type Checkpoint,
  checkOrigin,
  checkpointPath,
  loadBest,
  loadCheckpoint,
  loadNewest,
  saveBest,
  saveCheckpoint,
} from "./checkpoint.ts";
import type { FileSystem } from "./file-system.ts";

const folder = "/run/checkpoints";
const checkpointOf = (step: number): Checkpoint => ({
  step,
  snapshot: new Map([
    ["generator/weight", { shape: [3, 2], values: Float32Array.from({ length: 6 }, (_, i) => step + i / 7) }],
    ["generator/visits", { shape: [2], values: Float32Array.of(step, -0) }],
  ]),
  state: { best: { step, distance: step * 1e-7 } },
  records: step / 10,
});

async function save(files: FileSystem, step: number): Promise<void> {
  await saveCheckpoint(folder, checkpointOf(step), { keep: 2, files });
  await saveBest(folder, step, { files });
}

async function usedDisk(options?: Parameters<typeof faultyDisk>[0]): Promise<FaultyDisk> {
  const disk = faultyDisk(options);
  for (const step of [10, 20]) await save(disk.files, step);
  return disk;
}

const faults: readonly Fault[] = ["EIO", "ENOSPC", "short", "torn", "exit", "power"];

/** Saves with a fault at each call in turn; what the loader finds afterwards, and the disk. */
async function* broken(fault: Fault, options?: Parameters<typeof faultyDisk>[0]) {
  for (let call = 0; ; call++) {
    const disk = await usedDisk(options);
    const before = disk.calls;
    disk.breakAt(call, fault);
    const error = await save(disk.files, 30).catch((cause: unknown) => cause);
    if (disk.calls - before <= call) return;
    for (const files of disk.survivors()) yield { call, disk, files, error };
  }
}

describe.each(faults)("a save with the fault %s, at each of its calls in turn,", (fault) => {
  test("leaves the old checkpoint or the new one, and the best one whole", async () => {
    const found: number[] = [];
    for await (const { call, files, error } of broken(fault)) {
      const { checkpoint, damaged } = await loadNewest(folder, files);
      expect([20, 30], `call ${call}`).toContain(checkpoint.step);
      expect(checkpoint).toEqual(checkpointOf(checkpoint.step));
      expect(damaged).toEqual([]);
      const best = await loadCheckpoint(bestPath(folder), files);
      expect(best).toEqual(checkpointOf(best.step));
      expect(best.step).toBeLessThanOrEqual(checkpoint.step);
      if (error === undefined) expect([checkpoint.step, best.step]).toEqual([30, 30]);
      else if (fault !== "exit" && fault !== "power") expect(error).toBeInstanceOf(StorageError);
      found.push(checkpoint.step);
    }
    if (fault === "short")
      expect(new Set(found)).toEqual(new Set([30])); // it goes on with the rest
    else expect(new Set(found)).toEqual(new Set([20, 30]));
    expect(found.length).toBeGreaterThan(15);
  });
});

test("a save that failed leaves no temporary file, and the next one succeeds", async () => {
  for (const fault of ["EIO", "ENOSPC", "torn"] as const) {
    for await (const { call, disk } of broken(fault)) {
      expect(
        disk.names().filter((name) => name.endsWith(".part")),
        `${fault} at ${call}`,
      ).toEqual([]);
      await save(disk.files, 40);
      expect((await loadNewest(folder, disk.files)).checkpoint).toEqual(checkpointOf(40));
      expect(disk.names().filter((name) => /\d{6}/.test(name))).toHaveLength(2);
    }
  }
});

test("without the syncs a loss of power would be noticed", async () => {
  let mixes = 0;
  for await (const { files } of broken("power", { forgetful: true })) {
    const isWhole = await loadNewest(folder, files).then(
      ({ damaged }) => damaged.length === 0,
      () => false,
    );
    if (!isWhole) mixes += 1;
  }
  expect(mixes).toBeGreaterThan(0);
});

test("a damaged checkpoint is detected: each bit of every 64th byte, one bit of every other, and a cut at any byte", async () => {
  const disk = await usedDisk();
  const path = checkpointPath(folder, 20);
  const bytes = await disk.files.read(path);
  const load = (content: Uint8Array) => loadCheckpoint(path, { ...disk.files, read: async () => content });
  expect(await load(bytes)).toEqual(checkpointOf(20));
  for (const i of bytes.keys()) {
    for (const bit of i % 64 === 0 ? [0, 1, 2, 3, 4, 5, 6, 7] : [i % 8]) {
      const flipped = bytes.slice();
      flipped[i]! ^= 1 << bit;
      await expect(load(flipped), `bit ${bit} of byte ${i}`).rejects.toThrow(CheckpointError);
    }
    await expect(load(bytes.subarray(0, i)), `cut at ${i}`).rejects.toThrow(CheckpointError);
  }
});

test("the newest whole checkpoint is found behind damaged ones, which are named", async () => {
  const disk = await usedDisk();
  const files: FileSystem = {
    ...disk.files,
    read: async (path) => (path === checkpointPath(folder, 20) ? new Uint8Array(100) : disk.files.read(path)),
  };
  const { checkpoint, damaged } = await loadNewest(folder, files);
  expect(checkpoint).toEqual(checkpointOf(10));
  expect(damaged.map(({ file }) => file)).toEqual([checkpointPath(folder, 20)]);
});

test("where the best checkpoint is that of a later step it is said which one is missing, and none is left", async () => {
  const disk = await usedDisk();
  const from = { ...checkpointOf(10), state: { best: { step: 5, distance: 1 } } };
  const { checkpoint, lost } = await loadBest(folder, from, disk.files);
  expect(checkpoint).toBeUndefined();
  expect(lost).toEqual(new CheckpointError(bestPath(folder), "expected the checkpoint of step 5, got that of 20."));
  const none = { checkpoint: undefined, isUnsettled: false };
  expect(await loadBest(folder, { ...from, state: {} }, disk.files)).toEqual(none);
});

test("where the disk took no file of the best step, the best one before is left", async () => {
  const { files } = await usedDisk();
  const from = { ...checkpointOf(30), state: { best: { step: 25, distance: 0 } } };
  const { checkpoint, lost } = await loadBest(folder, from, files);
  expect(checkpoint).toEqual(checkpointOf(20));
  expect(lost).toBeInstanceOf(CheckpointError);
});

test("a checkpoint that the disk does not give is damaged like one that is not whole", async () => {
  for (let call = 0; ; call++) {
    const disk = await usedDisk();
    const before = disk.calls;
    disk.breakAt(call, "EIO");
    const found = await loadNewest(folder, disk.files).catch((error: unknown) => error as StorageError);
    if (disk.calls - before <= call) break;
    if (call === 0)
      expect(found).toBeInstanceOf(StorageError); // the folder itself
    else expect(found).toMatchObject({ checkpoint: { step: 10 }, damaged: [{ file: checkpointPath(folder, 20) }] });
  }
  const { files } = await usedDisk();
  const read = () => Promise.reject(Object.assign(new Error("EIO: injected"), { code: "EIO" }));
  await expect(loadNewest(folder, { ...files, read })).rejects.toThrow(StorageError);
});

const look = (more: object) =>
  JSON.stringify({ step: 1, real: 1, fake: 0, spread: 1, separation: 1, diversity: 1, repeats: 0, slope: 1, ...more });

test.each([
  ['{"guard":{"looks":5,"state":"healthy","rollbacks":0}}', "guard.looks"],
  ['{"guard":{"looks":[{"step":1}],"state":"healthy","rollbacks":0}}', "guard.looks.0.real"],
  [`{"guard":{"looks":[${look({ memory: 1 })}],"state":"healthy","rollbacks":0}}`, "guard.looks.0.heldOut"],
  ['{"metrics":{"lossD":1}}', "metrics.lossG"],
  ['{"best":{"step":-1,"distance":1}}', "best.step"],
  ["[]", "expected object"],
  ["null", "expected object"],
  ['{"else":1}', "else"],
])("a state that no training has is refused: %s", async (text, named) => {
  const { files } = faultyDisk();
  const state = { toJSON: () => JSON.parse(text) } as Checkpoint["state"];
  await saveCheckpoint(folder, { ...checkpointOf(10), state }, { keep: 2, files });
  const error = await loadNewest(folder, files).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as Error).message).toContain(named);
});

test("counts that are none are refused", async () => {
  const { files } = faultyDisk();
  await saveCheckpoint(folder, { ...checkpointOf(10), records: -3 }, { keep: 2, files });
  await expect(loadNewest(folder, files)).rejects.toThrow("expected whole numbers of steps and records, got 10 and -3");
});

test("a checkpoint says of which run it is", async () => {
  const { files } = faultyDisk();
  const origin = { version: "1", data: "abc", config: { seed: 3 } };
  await saveCheckpoint(folder, { ...checkpointOf(10), origin }, { keep: 2, files });
  const { checkpoint } = await loadNewest(folder, files);
  expect(checkpoint).toEqual({ ...checkpointOf(10), origin });
  checkOrigin(checkpoint, origin, "x");
  checkOrigin(checkpointOf(10), { ...origin, data: "of an older version, that did not say it" }, "x");
  expect(() => checkOrigin(checkpoint, { ...origin, config: { seed: 4 } }, "x")).toThrow(
    "x: expected a checkpoint of this run, but the run has another seed. A run goes on as it began",
  );
});

test("what a guard throws stops a save before the file has its name", async () => {
  const disk = await usedDisk();
  const guard = () => Promise.reject(new Error("taken over"));
  await expect(saveCheckpoint(folder, checkpointOf(30), { keep: 2, files: disk.files, guard })).rejects.toThrow(
    "taken over",
  );
  expect(disk.names().sort()).toEqual(
    [checkpointPath(folder, 10), checkpointPath(folder, 20), bestPath(folder)].sort(),
  );
});

test("a best checkpoint that never came into its own file is that in the file of its step, and comes there when the run goes on", async () => {
  const disk = faultyDisk();
  const { files } = disk;
  await save(files, 10);
  const better = { best: { step: 20, distance: 1 } };
  for (const step of [20, 30, 40])
    await saveCheckpoint(folder, { ...checkpointOf(step), state: better }, { keep: 2, spared: 20, files });
  const { checkpoint } = await loadNewest(folder, files);
  expect(await loadBest(folder, checkpoint, files)).toMatchObject({ checkpoint: { step: 20 }, isUnsettled: true });
  await saveBest(folder, 20, { files });
  expect(await loadCheckpoint(bestPath(folder), files)).toMatchObject({ step: 20 });
  const calls = disk.calls;
  expect(await loadBest(folder, checkpoint, files)).toMatchObject({ checkpoint: { step: 20 }, isUnsettled: false });
  expect(disk.calls - calls).toBe(1); // it reads the file, and that is all
});

test("a checkpoint with a number that is not finite is refused, whoever made it", async () => {
  const { files } = faultyDisk();
  const broken = checkpointOf(10);
  broken.snapshot.get("generator/visits")!.values[1] = Number.POSITIVE_INFINITY;
  await saveCheckpoint(folder, broken, { keep: 2, files });
  await expect(loadNewest(folder, files)).rejects.toThrow(
    new CheckpointError(checkpointPath(folder, 10), "generator/visits holds numbers that are not finite."),
  );
});

test.each(["EPERM", "EBUSY", "EACCES"] as const)(
  "a file that another program has open for a moment gets its name a little later; %s for ever is an error",
  async (fault) => {
    const disk = await usedDisk();
    let refusals = 0;
    const files: FileSystem = {
      ...disk.files,
      async rename(from, to) {
        if (refusals-- > 0) throw Object.assign(new Error(`${fault}: injected`), { code: fault });
        await disk.files.rename(from, to);
      },
    };
    const checks: number[] = [];
    const guard = async () => void checks.push(refusals);
    refusals = 2;
    await saveCheckpoint(folder, checkpointOf(30), { keep: 2, files, guard });
    expect((await loadNewest(folder, files)).checkpoint).toEqual(checkpointOf(30));
    expect(checks).toEqual([2, 1, 0, -1]); // another process may have taken the run over meanwhile, and before the old one is removed
    refusals = 100;
    await expect(saveCheckpoint(folder, checkpointOf(40), { keep: 2, files })).rejects.toThrow(StorageError);
    expect(refusals).toBe(93);
    expect(disk.names().filter((name) => name.endsWith(".part"))).toEqual([]);
  },
);

test("a process that another has succeeded removes no checkpoint", async () => {
  const disk = await usedDisk();
  let looks = 0;
  const guard = async () => {
    if (looks++ > 0) throw new Error("taken over");
  };
  await expect(saveCheckpoint(folder, checkpointOf(30), { keep: 1, files: disk.files, guard })).rejects.toThrow(
    "taken over",
  );
  for (const step of [10, 20, 30]) expect(disk.names()).toContain(checkpointPath(folder, step));
});

/** A file of so many bytes that takes no place on the disk, with a safetensors header that declares `payload` bytes of numbers, or without. */
function sparse(sizeBytes: number, payload?: number): string {
  const root = mkdtempSync(`${tmpdir()}/coordescent-checkpoint-`);
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = checkpointPath(root, 60);
  const entry = { dtype: "F32", shape: [payload! / 4], data_offsets: [0, payload] };
  const json = payload === undefined ? "" : JSON.stringify({ __metadata__: {}, weight: entry });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, Buffer.from(json)]));
  truncateSync(path, sizeBytes);
  return path;
}

/** Puts another header into a file. */
const damagedHeader = (path: string, text: string) => {
  const bytes = Buffer.alloc(8 + text.length);
  bytes.writeBigUInt64LE(BigInt(text.length));
  bytes.write(text, 8);
  writeFileSync(path, bytes, { flag: "r+" });
  return path;
};

test.each([0, 7])("a file of %i bytes is told from a checkpoint by its length", async (sizeBytes) => {
  const path = sparse(sizeBytes);
  await expect(loadCheckpoint(path)).rejects.toThrow(
    new CheckpointError(path, `expected a safetensors header, got a file of ${sizeBytes} bytes: truncated.`),
  );
});

const large = 700 * 2 ** 20;

test.each([
  ["no header", () => sparse(large), /expected a safetensors header/],
  ["a header that declares less", () => sparse(large, 400), /expected \d+ bytes as the header says, got 734003200/],
  ["a header that declares more", () => sparse(large, 2 ** 30), /expected \d+ bytes as the header says, got 734003200/],
  ["a header that is no JSON", () => damagedHeader(sparse(large), "{none"), /expected a safetensors header/],
  ["a header of a list", () => damagedHeader(sparse(large), "[1]"), /expected a safetensors header/],
  ["more than 2 GiB", () => sparse(3 * 2 ** 30, 3 * 2 ** 30), /expected at most 2147483647 bytes, got 3221225472/],
])("a large file with %s is refused before it is read", async (_, make, problem) => {
  const path = make();
  const before = process.memoryUsage().arrayBuffers;
  const error = await loadCheckpoint(path).catch((cause: unknown) => cause);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as Error).message).toMatch(problem);
});

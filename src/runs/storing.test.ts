import { expect, test } from "vitest";
import { type Fault, faultyDisk } from "../../test/support/faulty-disk.ts";
import { LockedError, StorageError } from "../errors.ts";
import type { TrainingEvent } from "../train/train.ts";
import { bestPath, loadCheckpoint, loadNewest } from "./checkpoint.ts";
import type { FileSystem } from "./file-system.ts";
import { openLog } from "./log.ts";
import { presets } from "./presets.ts";
import { runPaths } from "./run-directory.ts";
import { noTrouble, type Run, store } from "./storing.ts";

const paths = runPaths("/run");
const record = (step: number): TrainingEvent => ({
  type: "record",
  record: {
    ...{ step, lossD: 1 / step, lossG: step, probabilityReal: 0.5, probabilityFake: 0.5 },
    ...{ block: "generator", blockD: "discriminator", imagesPerSecond: 1, elapsedMs: step },
  },
});
const checkpoint = (step: number): TrainingEvent => ({
  type: "checkpoint",
  step,
  snapshot: new Map([["weight", { shape: [1], values: Float32Array.of(step) }]]),
  state: {},
  isBest: false,
});

/** A run on a disk whose writes fail with `state.fault`; where that is EROFS, so does everything else that would change it. */
async function fullDisk() {
  const disk = faultyDisk();
  const state: { fault: Fault | undefined; bestFault: Fault | undefined; isLost: boolean } = {
    ...{ fault: undefined, bestFault: undefined, isLost: false },
  };
  const breakIfReadOnly = () => {
    if (state.fault === "EROFS") disk.breakAt(0, "EROFS");
  };
  const files: FileSystem = {
    ...disk.files,
    async open(path, flags) {
      breakIfReadOnly();
      const file = await disk.files.open(path, flags);
      const write: typeof file.write = (bytes, at) => {
        const fault = state.fault ?? (path.includes("/best.") ? state.bestFault : undefined);
        if (fault) disk.breakAt(0, fault);
        return file.write(bytes, at);
      };
      return { ...file, write };
    },
    rename: (from, to) => {
      breakIfReadOnly();
      return disk.files.rename(from, to);
    },
    remove: (path) => {
      breakIfReadOnly();
      return disk.files.remove(path);
    },
  };
  const guard = async () => {
    if (state.isLost) throw new LockedError("/run", "was taken over.");
  };
  const notices: string[] = [];
  const run: Run = {
    paths,
    record: { coordescent: "", data: { name: "", fingerprint: "" }, config: presets.default.config },
    writing: { files, guard },
    log: await openLog(paths.log, [], { files, guard }),
    ...{
      best: undefined,
      pendingBest: undefined,
      last: undefined,
      quality: undefined,
      checkpoint: 0,
      sample: undefined,
      converged: undefined,
    },
    ...{ collapsed: undefined, watched: { diagnosis: null, rollbacks: 0 }, skipped: 0 },
    trouble: noTrouble(),
  };
  const put = (event: TrainingEvent) => store(run, event, (notice) => notices.push(notice));
  const lines = async () =>
    new TextDecoder()
      .decode(await disk.files.read(paths.log))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).step as number);
  const saved = async () => (await loadNewest(paths.checkpoints, disk.files)).checkpoint;
  const best = () => loadCheckpoint(bestPath(paths.checkpoints), disk.files);
  return { run, state, put, notices, lines, saved, best };
}

test.each(["EIO", "ENOSPC", "EROFS", "torn"] as const)(
  "records wait for a disk that fails with %s, and none is lost",
  async (fault) => {
    const { run, state, put, notices, lines } = await fullDisk();
    await put(record(1));
    state.fault = fault;
    for (const step of [2, 3, 4]) await put(record(step));
    expect(run.trouble.files).toBe(3);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/metrics\.jsonl: cannot be written: \w+: injected.* Training goes on\.$/);
    state.fault = undefined;
    await put(record(5));
    expect(await lines()).toEqual([1, 2, 3, 4, 5]);
  },
);

test("no checkpoint is saved before the log up to it", async () => {
  const { state, put, lines, saved } = await fullDisk();
  await put(checkpoint(0));
  state.fault = "EIO";
  await put(record(1));
  await put(checkpoint(1));
  expect(await saved()).toMatchObject({ step: 0, records: 0 });
  state.fault = undefined;
  await put(checkpoint(2));
  expect(await saved()).toMatchObject({ step: 2, records: 1 });
  expect(await lines()).toEqual([1]);
});

test.each([
  ["ENOSPC", "Free some space."],
  ["EROFS", "Check the permissions."],
] as const)(
  "a checkpoint that cannot be saved (%s) is said loudly; the old one stays, the next is the next try, and the fifth in a row is the last",
  async (fault, advice) => {
    const { run, state, put, notices, saved } = await fullDisk();
    await put(checkpoint(10));
    for (const _ of [1, 2]) {
      state.fault = fault;
      for (const step of [20, 30, 40, 50]) await put(checkpoint(step));
      expect(await saved()).toMatchObject({ step: run.checkpoint });
      state.fault = undefined;
      await put(checkpoint(60));
      expect(await saved()).toMatchObject({ step: 60 });
    }
    expect(notices).toHaveLength(10);
    expect(notices[0]).toMatch(
      /^NOT SAVED: step 20\. .*000020\.safetensors: cannot be written: E\w+: injected\. .* Training goes on, after 1 of 5 tries\. The newest checkpoint is that of step 10\.$/,
    );
    expect(notices[0]).toContain(`${fault}: injected. ${advice}`);
    expect(notices[4]).toBe("The disk takes files again: step 60 is saved.");
    state.fault = fault;
    for (const step of [70, 80, 90, 100]) await put(checkpoint(step));
    const last = put(checkpoint(110));
    await expect(last).rejects.toThrow(StorageError);
    await expect(last).rejects.toThrow(
      /^\/run: no checkpoint could be saved in 5 of 5 tries\. The newest checkpoint is that of step 60, from which `coordescent resume` goes on\./,
    );
    expect(await saved()).toMatchObject({ step: 60 });
  },
);

test("a best checkpoint that cannot be written is no unsaved step: the one before stays, and the next checkpoint is the next try", async () => {
  const { run, state, put, notices, saved, best } = await fullDisk();
  const good = (step: number): TrainingEvent => ({
    ...(checkpoint(step) as Extract<TrainingEvent, { type: "checkpoint" }>),
    ...{ state: { best: { step, distance: 1 / step } }, isBest: true },
  });
  await put(good(10));
  state.bestFault = "EIO";
  await put(good(20));
  for (const step of [30, 40, 50, 60, 70, 80]) await put(checkpoint(step));
  expect(await saved()).toMatchObject({ step: 80 });
  expect(run.trouble).toMatchObject({ files: 7, checkpointsInARow: 0 });
  expect(run.best).toEqual({ step: 10, distance: 0.1 });
  expect(await best()).toMatchObject({ step: 10 });
  expect(notices).toEqual([
    expect.stringMatching(
      /^Step 20 is saved, but not as the best one\. .*best\.safetensors: .*EIO.* Training goes on\.$/,
    ),
  ]);
  state.bestFault = undefined;
  await put(checkpoint(90));
  expect(run.best).toEqual({ step: 20, distance: 0.05 });
  expect(await best()).toMatchObject({ step: 20 });
});

test("a run that another process has taken over is not written any more", async () => {
  const { state, put, lines, saved } = await fullDisk();
  await put(record(1));
  await put(checkpoint(1));
  state.isLost = true;
  await expect(put(record(2))).rejects.toThrow(LockedError);
  await expect(put(checkpoint(2))).rejects.toThrow(LockedError);
  expect(await lines()).toEqual([1]);
  expect(await saved()).toMatchObject({ step: 1 });
});

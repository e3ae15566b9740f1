import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { StorageError } from "../errors.ts";
import { disk, type FileSystem } from "./file-system.ts";
import { makeFolder } from "./files.ts";

test.skipIf(process.platform === "win32")(
  "a new folder outlasts a loss of power: every folder that has a new one in it is synced",
  async () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "coordescent-files-")));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const synced: string[] = [];
    const files: FileSystem = {
      ...disk,
      async open(path, flags) {
        const file = await disk.open(path, flags);
        return { ...file, sync: () => file.sync().then(() => void synced.push(path)) };
      },
    };
    mkdirSync(join(root, "there"));
    await makeFolder(join(root, "there", "runs", "first"), files);
    expect(statSync(join(root, "there", "runs", "first")).isDirectory()).toBe(true);
    expect(synced.sort()).toEqual([join(root, "there"), join(root, "there", "runs")]);
    await makeFolder(join(root, "there", "runs", "first"), files);
    expect(synced).toHaveLength(2);
  },
);

test.runIf(process.platform === "linux")(
  "a folder that cannot be made is an error, also where there is no end of trying",
  async () => {
    await expect(makeFolder("/proc/none/runs")).rejects.toThrow(/^\/proc\/none\/runs: cannot be made: ENOENT/);
    await expect(makeFolder("/dev/null/runs")).rejects.toThrow(StorageError);
  },
);

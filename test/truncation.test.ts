import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { encodeNpy } from "../src/data/npy.ts";
import { readArray } from "../src/data/own-images.ts";
import { readPng } from "../src/data/png-folder.ts";
import { decodeSafetensors } from "../src/data/safetensors.ts";
import { CheckpointError, InputError } from "../src/errors.ts";
import { loadCheckpoint } from "../src/runs/checkpoint.ts";
import { openRun } from "../src/runs/run-directory.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";
import { writePng } from "./support/png-writer.ts";
import { idxFile, smallConfig, smallFiles, writeSmallCheckpoint } from "./support/small-files.ts";

/** The error of a read, in a promise or not. */
const errorOf = (read: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(read)
    .then(
      () => undefined,
      (error: unknown) => error,
    );

/** Readers of a path, and the error of a file that is no such thing. */
const readers = {
  idx: [(path: string) => readArray(path), InputError],
  "idx.gz": [(path: string) => readArray(path), InputError],
  npy: [(path: string) => readArray(path), InputError],
  png: [(path: string) => readPng(path), InputError],
} as const;

describe("cut at every byte", () => {
  test.each(Object.entries(readers))("files of %s are refused and named", async (format, [read, kind]) => {
    const path = join(temporaryDirectory(), `a.${format}`);
    for (const whole of smallFiles[format]!) {
      for (let length = 0; length < whole.length; length++) {
        writeFileSync(path, whole.subarray(0, length));
        const error = await errorOf(() => read(path));
        expect(error, `${length} of ${whole.length} bytes`).toBeInstanceOf(kind);
        expect((error as Error).message).toContain(path);
      }
      writeFileSync(path, whole);
      read(path);
    }
  });

  test("files of safetensors are refused", () => {
    for (const whole of smallFiles.safetensors!) {
      for (let length = 0; length < whole.length; length++) {
        expect(() => decodeSafetensors(whole.subarray(0, length), "a"), `${length} bytes`).toThrow(CheckpointError);
      }
    }
  });

  test("checkpoints are refused", async () => {
    const { path, bytes } = await writeSmallCheckpoint(temporaryDirectory());
    await loadCheckpoint(path);
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      expect(await errorOf(() => loadCheckpoint(path)), `${length} bytes`).toBeInstanceOf(CheckpointError);
    }
  });

  test("config.json is refused, up to the bracket that ends it", async () => {
    const root = temporaryDirectory();
    const path = join(root, "config.json");
    writeFileSync(path, smallConfig);
    await openRun(root);
    for (let length = 0; length < smallConfig.length - 1; length++) {
      writeFileSync(path, smallConfig.subarray(0, length));
      expect(await errorOf(() => openRun(root)), `${length} bytes`).toBeInstanceOf(InputError);
    }
  });
});

describe("the command refuses", () => {
  const pixels = Uint8Array.from({ length: 120 * 784 }, (_, i) => (i * 37) % 256);
  const picture = { width: 28, height: 28, depth: 8, colour: 0 };
  const place = (root: string, name: string, bytes: Uint8Array) => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1);

  /** A directory of inputs, each broken. */
  async function inputs(): Promise<string> {
    const root = temporaryDirectory();
    const idx = idxFile([120, 28, 28], pixels);
    place(root, "a.idx", cut(idx));
    place(root, "a.idx.gz", cut(gzipSync(idx)));
    place(root, "a.npy", cut(encodeNpy([120, 28, 28], pixels)));
    for (const folder of ["cut", "linked"]) {
      for (let i = 0; i < 120; i++) place(root, `${folder}/${i}.png`, writePng({ ...picture, samples: pixels }));
    }
    place(root, "cut/50.png", cut(writePng({ ...picture, samples: pixels })));
    symlinkSync("/etc/passwd", join(root, "linked/x.png"));
    place(root, "cut.json", cut(smallConfig));
    place(root, "twice.json", Buffer.from('{"steps": 10, "steps": 20}'));
    place(root, "run/config.json", cut(smallConfig));
    place(root, "damaged/config.json", smallConfig);
    const { path, bytes } = await writeSmallCheckpoint(join(root, "damaged"));
    writeFileSync(path, cut(bytes));
    execFileSync("mkfifo", [join(root, "pipe")]);
    return root;
  }

  test("what is cut, linked, said twice, too small or no file, with the exit code of its kind, and leaves no run behind", async () => {
    const cwd = await inputs();
    const cases: readonly (readonly [string, number, RegExp])[] = [
      ["train --run new --data ./a.idx", 6, /a\.idx: at byte 47048: expected 94096 bytes .* truncated/],
      ["train --run new --data a.idx.gz", 6, /a\.idx\.gz: expected whole gzip data/],
      ["train --run new --data a.npy", 6, /a\.npy: at byte \d+: expected 94080 bytes of numbers/],
      ["train --run new --data cut", 6, /50\.png: at byte \d+: .* truncated/],
      ["train --run new --data linked", 6, /x\.png: expected a file, got a symbolic link/],
      ["train --run new --data pipe", 6, /pipe: expected images to train on: .*, got a pipe/],
      ["train --run new --config cut.json", 6, /cut\.json: at byte \d+: expected settings in JSON/],
      ["train --run new --config twice.json", 6, /twice\.json: at byte 14: .* each key once, got "steps" again/],
      ["train --run new --config pipe", 6, /pipe: expected a file of at most 1048576 bytes, got a pipe/],
      ["resume run", 6, /run\/config\.json: at byte \d+: expected JSON/],
      ["sample damaged", 8, /000003\.safetensors: .* truncated or another format/],
    ];
    await Promise.all(
      cases.map(async ([command, code, message]) => {
        const outcome = await coordescent(command.split(" "), { cwd });
        expect(outcome.stderr, command).toMatch(message);
        expect(outcome, command).toMatchObject({ code, stdout: "" });
      }),
    );
    expect(existsSync(join(cwd, "new"))).toBe(false);
  });
});

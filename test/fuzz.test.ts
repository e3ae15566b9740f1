import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

/** Files of each format; 10,000 is what is promised, and takes some minutes. */
const count = Number(process.env.COORDESCENT_FUZZ ?? 300);

interface Line {
  readonly format: string;
  readonly files: number;
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly excessBytes: number;
  readonly large: readonly {
    readonly isAccepted: boolean;
    readonly payloadBytes: number;
    readonly excessBytes: number;
  }[];
}

/** What of the large files of each format has to be accepted, in their order. */
const large: Readonly<Record<string, readonly boolean[]>> = {
  idx: [true],
  "idx.gz": [true],
  npy: [true, true],
  png: [true, true, false],
  safetensors: [true, true, true],
  checkpoint: [true],
  "config.json": [true],
  settings: [true],
};

test(
  `readers of every format accept ${count} changed files or refuse them with a typed error, in less than 2 seconds, and take 16 MiB beside these and large ones`,
  () => {
    execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tools"], { stdio: "inherit" });
    const flags = ["--expose-gc", "--max-old-space-size=64"];
    const limit = { encoding: "utf8", timeout: 60_000 + 100 * count, killSignal: "SIGKILL" } as const;
    const output = execFileSync(process.execPath, [...flags, "build/tools/fuzz.js", String(count)], limit);
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    expect(lines.map(({ format }) => format)).toEqual(Object.keys(large));
    const margin = 16 * 2 ** 20;
    for (const { format, files, accepted, refused, slowestMs, excessBytes, large: found } of lines) {
      expect(files, format).toBe(count);
      expect(accepted + refused, format).toBe(count);
      expect(refused, format).toBeGreaterThan(count / 2);
      expect(slowestMs, format).toBeLessThan(2000);
      expect(excessBytes, format).toBeLessThan(margin);
      expect(
        found.map(({ isAccepted }) => isAccepted),
        format,
      ).toEqual(large[format]);
      for (const outcome of found) {
        expect(outcome.excessBytes, format).toBeLessThan(margin);
        const isOfNumbers = outcome.isAccepted && !["config.json", "settings"].includes(format);
        if (isOfNumbers) expect(outcome.payloadBytes, format).toBeGreaterThanOrEqual(2 ** 26);
      }
    }
  },
  90_000 + 100 * count,
);

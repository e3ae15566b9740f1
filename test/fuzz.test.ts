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
  readonly payloadBytes: number;
  readonly growthBytes: number;
}

test(
  `readers of every format accept ${count} changed files or refuse them with a typed error, in less than 2 seconds and 16 MB`,
  () => {
    execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tools"], { stdio: "inherit" });
    const flags = ["--expose-gc", "--max-old-space-size=64"];
    const limit = { encoding: "utf8", timeout: 30_000 + 100 * count, killSignal: "SIGKILL" } as const;
    const output = execFileSync(process.execPath, [...flags, "build/tools/fuzz.js", String(count)], limit);
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const formats = lines.map(({ format }) => format);
    expect(formats).toEqual(["idx", "idx.gz", "npy", "png", "safetensors", "checkpoint", "config.json", "settings"]);
    for (const { format, files, accepted, refused, slowestMs, payloadBytes, growthBytes } of lines) {
      expect(files, format).toBe(count);
      expect(accepted + refused, format).toBe(count);
      expect(refused, format).toBeGreaterThan(count / 2);
      expect(slowestMs, format).toBeLessThan(2000);
      expect(growthBytes, format).toBeLessThan(payloadBytes + 16 * 2 ** 20);
    }
  },
  60_000 + 100 * count,
);

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { coordescent, temporaryDirectory } from "./support/command.ts";

/** The Vulkan driver in software that Debian's chromium brings; any other driver will do as well. */
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";
const driver = process.env.VK_ICD_FILENAMES ?? (existsSync(swiftShader) ? swiftShader : undefined);
const env = { VK_ICD_FILENAMES: driver };

const doctor = JSON.parse((await coordescent(["doctor", "--json"], { env })).stdout) as {
  findings: { what: string; good: boolean }[];
};
const hasWebGpu = doctor.findings.some(({ what, good }) => what === "device webgpu" && good);

test.skipIf(!hasWebGpu)(
  "WebGPU trains like the CPU [needs a Vulkan driver, such as Debian's chromium and libvulkan1]",
  async () => {
    const root = temporaryDirectory();
    const logs = [];
    for (const device of ["cpu", "webgpu"]) {
      const run = join(root, device);
      const settings = ["log.every=1", "generator.hidden=[32]", "discriminator.hidden=[32]", "watch.every=0"];
      const options = [
        ...["--data", "ring", "--device", device, "--batch", "4", "--steps", "6", "--run", run],
        ...settings.flatMap((setting) => ["--set", setting]),
      ];
      expect(await coordescent(["train", ...options], { env })).toMatchObject({ code: 0 });
      logs.push(
        readFileSync(join(run, "metrics.jsonl"), "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      );
    }
    const [cpu, gpu] = logs as [Record<string, number>[], Record<string, number>[]];
    expect(gpu).toHaveLength(6);
    for (const [i, record] of gpu.entries()) {
      for (const name of ["lossD", "lossG", "probabilityReal", "probabilityFake"]) {
        expect(Math.abs(record[name]! - cpu[i]![name]!), `${name} of step ${i + 1}`).toBeLessThan(1e-4);
      }
    }
  },
);

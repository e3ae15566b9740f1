import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { verifyResume } from "./verify-resume.ts";

/** Verifies with a program that says something and ends with a code. */
const verify = (said: string, exitCode: number) =>
  verifyResume({
    command: [process.execPath, "-e", `process.stderr.write(${JSON.stringify(said)}); process.exit(${exitCode})`],
    ...{ folder: tmpdir(), training: [], steps: 1, kills: 1, seed: 1 },
    errorNameOf: (code) => ({ 7: "StorageError" })[code],
  });

test("a training that ends by an error ends the verification by the same one, in its words", async () => {
  await expect(verify("coordescent: /run: cannot be made: ENOSPC.\n", 7)).rejects.toMatchObject({
    name: "StorageError",
    message: "/run: cannot be made: ENOSPC.",
  });
});

test("a training that ends by a bug is a bug", async () => {
  await expect(verify("TypeError: x is not a function\n", 1)).rejects.toThrow(
    "internal: train ended with 1: TypeError: x is not a function",
  );
});

import { defineConfig } from "vitest/config";

const alias = { coordescent: new URL("./src/index.ts", import.meta.url).pathname };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      // needs no ONNX Runtime
      {
        resolve: { alias },
        test: {
          name: "fast",
          include: ["src/**/*.test.ts"],
          pool: "threads",
          isolate: false,
          testTimeout: 30_000, // on a busy machine; a quiet one needs a tenth of it
        },
      },
      {
        resolve: { alias },
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          globalSetup: "test/support/build.ts",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

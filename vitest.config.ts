import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "fast", include: ["src/**/*.test.ts"], environment: "node" } },
      { test: { name: "whole", include: ["test/**/*.test.ts"], environment: "node", testTimeout: 120_000 } },
    ],
  },
});

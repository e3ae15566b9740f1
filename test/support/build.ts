import { execFileSync } from "node:child_process";

/** Builds the package: the tests of commands and threads run what users run. */
export function setup(): void {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
    stdio: "inherit",
  });
}

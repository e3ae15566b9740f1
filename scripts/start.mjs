// `npm start`: builds, then trains in this very process, so that a signal to npm reaches the training.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = new URL("..", import.meta.url);
const compiler = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
execFileSync(process.execPath, [compiler, "-p", fileURLToPath(new URL("tsconfig.build.json", root))], {
  stdio: "inherit",
});
process.argv.splice(2, 0, "train");
await import("../dist/cli/main.js");

// Runs commands one after the other in this process: a JSON list of their arguments comes from standard input, what came of each goes to standard output.
// Usage: node many-commands.mjs MAIN
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const main = process.argv[2];
const commands = JSON.parse(readFileSync(0, "utf8"));
const write = process.stdout.write.bind(process.stdout);
const outcomes = [];
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

for (const [i, args] of commands.entries()) {
  const directory = mkdtempSync(join(tmpdir(), "coordescent-test-"));
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    process[name].write = (text) => {
      said[name] += text;
      return true;
    };
  }
  process.chdir(directory);
  process.argv = [process.execPath, main, ...args];
  process.exitCode = undefined;
  await import(`${pathToFileURL(main)}?${i}`); // a module of its own each time; what it imports is loaded once
  outcomes.push({ code: process.exitCode ?? 0, ...said, left: readdirSync(directory) });
  process.chdir(tmpdir());
  rmSync(directory, { recursive: true });
}
process.exitCode = 0;
write(JSON.stringify(outcomes));

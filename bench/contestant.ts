import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A process that trains when it is told to, and sleeps in between, so that several can be measured in turn. */
export interface Contestant {
  /** What it says it is: name and version. */
  readonly name: string;
  /** Answers a line. Throws Error with what it wrote last where it ends instead. */
  ask(line: string): Promise<string>;
  /** Milliseconds of an iteration, on average over some. */
  time(task: string, batch: number, iterations: number): Promise<number>;
  stop(): void;
}

/** Starts a contestant. Throws Error with the reason where it cannot be had. */
export async function openContestant(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Contestant> {
  const child = spawn(command, args, { stdio: "pipe", env: { ...process.env, ...env } });
  let complaint = "";
  child.stderr.on("data", (data: Buffer) => {
    complaint = (complaint + data).slice(-2000);
  });
  child.stdin.on("error", () => {}); // it has ended: the next answer says so
  const failed = new Promise<never>((_, reject) => {
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(reasonOf(complaint) ?? `${command} ended with code ${code}`)));
  });
  failed.catch(() => {}); // told to whoever asks next
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const line = await Promise.race([lines.next(), failed]);
    return line.done ? failed : line.value;
  };
  const ask = (line: string) => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  return {
    name: await answer(),
    ask,
    time: async (task, batch, iterations) => Number(await ask(`${task} ${batch} ${iterations}`)),
    stop: () => child.stdin.end(),
  };
}

/** The line of an error message that says what is wrong. */
function reasonOf(complaint: string): string | undefined {
  const lines = complaint
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const line = lines.find((each) => /^\w*Error\b/.test(each)) ?? lines.at(-1);
  return line?.replace(/^Error: /, "");
}

/** Runtimes in which a number is not what it was. */
import type { InputRole, Program } from "../../src/program.ts";
import type { Bindings, Runtime, Session } from "../../src/runtime/runtime.ts";

/** What a program reads once, in place of what is there. */
export interface Poison {
  readonly player: string;
  /** Of an own weight or state of the player, or of anything else. */
  readonly role: InputRole;
  /** End of the name of the input; any by default. */
  readonly suffix?: string;
  readonly value: number;
  /** Programs that have such an input and are left alone before. */
  readonly after?: number;
}

/** A runtime that, each time it is asked to, fills an input of a program of a player with a number, for one run. */
export function poisonable(runtime: Runtime) {
  let armed: Poison | undefined;
  let healthy = 0;

  const targetOf = ({ manifest: { name, inputs } }: Program): string | undefined => {
    if (!armed || !name.startsWith(`${armed.player}/`)) return undefined;
    const { player, role, suffix = "", after = 0 } = armed;
    const isOwn = (input: string) => (role !== "parameter" && role !== "state") || input.startsWith(`${player}/`);
    const found = inputs.find((port) => port.role === role && port.name.endsWith(suffix) && isOwn(port.name))?.name;
    return found !== undefined && healthy++ >= after ? found : undefined;
  };

  const load = async (program: Program): Promise<Session> => {
    const session = await runtime.load(program);
    const run = async (inputs: Bindings, outputs: Bindings) => {
      const name = targetOf(program);
      if (name === undefined) return session.run(inputs, outputs);
      const { value } = armed!;
      armed = undefined;
      const tensor = inputs[name]!;
      const before = (await tensor.read()).slice();
      tensor.write((values) => values.fill(value));
      await session.run(inputs, outputs);
      tensor.write((values) => values.set(before));
    };
    return { run, release: () => session.release() };
  };

  return {
    runtime: { ...runtime, load } satisfies Runtime,
    arm(poison: Poison) {
      [armed, healthy] = [poison, 0];
    },
    /** Whether no program has had such an input since. */
    isArmed: () => armed !== undefined,
  };
}

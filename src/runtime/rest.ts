import type { Runtime } from "./runtime.ts";

/** For so long the event loop may have to wait. */
const patienceMs = 50;

/** What a runtime does between iterations whose runs keep the event loop waiting: `turn` gives it a turn, when the last one was some time ago. */
export function restWhenDue(turn: () => Promise<unknown>): NonNullable<Runtime["rest"]> {
  let last = performance.now();
  const rest = async () => {
    await turn();
    last = performance.now();
  };
  return () => (performance.now() - last > patienceMs ? rest() : undefined);
}

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Frees the garbage of a thread: all of it, or what is new. */
export type Collect = (options?: { readonly type: "minor" }) => void;

/** The collector of this thread, where it can be had. Node has no other way to it than this, for a thread that makes so little that the engine would not come to collect it. */
export function collector(): Collect | undefined {
  setFlagsFromString("--expose-gc");
  return runInNewContext("globalThis.gc") as Collect | undefined;
}

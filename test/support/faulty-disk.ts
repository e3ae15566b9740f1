import { dirname } from "node:path";
import type { FileSystem } from "../../src/runs/file-system.ts";

/**
 * What goes wrong at a call: `EIO`, `ENOSPC` and `EROFS` fail it and nothing else; `short` writes half of what it should; `torn` writes half and fails; at `exit`
 * the process is gone, at `power` what was not synced is gone, too.
 */
export type Fault = "EIO" | "ENOSPC" | "EROFS" | "short" | "torn" | "exit" | "power";

interface Node {
  cached: Uint8Array;
  durable: Uint8Array;
}

type Names = ReadonlyMap<string, Node>;

/** A disk in memory that tells what was written from what would outlast a loss of power, and breaks at a call. */
export interface FaultyDisk {
  readonly files: FileSystem;
  /** Calls so far. */
  readonly calls: number;
  /** Breaks at the call of this number from now on, counted from 0. */
  breakAt(call: number, fault: Fault): void;
  /** What is found afterwards by a process that sees no more faults: where power was lost, once with the changes of names that were not synced, once without. */
  survivors(): FileSystem[];
  /** Names of the files as a living process sees them. */
  names(): string[];
}

/** An empty disk; with `forgetful` it takes every sync for done and does none. */
export function faultyDisk({ forgetful = false, start = new Map() as Names } = {}): FaultyDisk {
  const cached = new Map<string, Node>(start);
  let durable = new Map<string, Node>(start);
  let calls = 0;
  let fault: { at: number; kind: Fault } | undefined;
  let isGone: "exit" | "power" | undefined;

  const gone = new Error("the process has ended");
  const failure = (code: string) => Object.assign(new Error(`${code}: injected`), { code });
  /** Counts a call; returns whether it does half of its work. */
  const enter = (isWrite = false): Fault | undefined => {
    if (isGone) throw gone;
    const kind = calls++ === fault?.at ? fault.kind : undefined;
    if (kind === "exit" || kind === "power") {
      isGone = kind;
      throw gone;
    }
    if (kind === "EIO" || kind === "ENOSPC" || kind === "EROFS") throw failure(kind);
    return isWrite ? kind : undefined;
  };
  const nodeAt = (path: string): Node => {
    const node = cached.get(path);
    if (!node) throw failure("ENOENT");
    return node;
  };

  const files: FileSystem = {
    async open(path, flags) {
      enter();
      if (flags === "wx") {
        if (cached.has(path)) throw failure("EEXIST");
        cached.set(path, { cached: new Uint8Array(0), durable: new Uint8Array(0) });
      }
      const node = flags === "r" ? undefined : nodeAt(path);
      return {
        async write(bytes, at) {
          const kind = enter(true);
          const length = kind ? Math.ceil(bytes.length / 2) : bytes.length;
          const grown = new Uint8Array(Math.max(node!.cached.length, at + length));
          grown.set(node!.cached);
          grown.set(bytes.subarray(0, length), at);
          node!.cached = grown;
          if (kind === "torn") throw failure("ENOSPC");
          return length;
        },
        async sync() {
          enter();
          if (forgetful) return;
          if (node) node.durable = node.cached;
          else durable = new Map([...durable].filter(([name]) => dirname(name) !== path));
          if (!node) for (const [name, each] of cached) if (dirname(name) === path) durable.set(name, each);
        },
        close: async () => void enter(),
      };
    },
    async read(path, { checkStart, startBytes = 0 } = {}) {
      enter();
      const bytes = nodeAt(path).cached.slice();
      checkStart?.(bytes.subarray(0, startBytes), bytes.length);
      return bytes;
    },
    async list(folder) {
      enter();
      return [...cached.keys()].filter((name) => dirname(name) === folder).map((name) => name.slice(folder.length + 1));
    },
    async rename(from, to) {
      enter();
      const node = nodeAt(from);
      cached.delete(from);
      cached.set(to, node);
    },
    async link(from, to) {
      enter();
      if (cached.has(to)) throw failure("EEXIST");
      cached.set(to, nodeAt(from));
    },
    async remove(path) {
      enter();
      cached.delete(path);
    },
  };
  const kept = (names: Names, part: "cached" | "durable") =>
    faultyDisk({
      start: new Map([...names].map(([name, node]) => [name, { cached: node[part], durable: node[part] }])),
    }).files;
  return {
    files,
    get calls() {
      return calls;
    },
    breakAt(call, kind) {
      fault = { at: calls + call, kind };
    },
    survivors: () =>
      isGone === "power" ? [kept(durable, "durable"), kept(cached, "durable")] : [kept(cached, "cached")],
    names: () => [...cached.keys()],
  };
}

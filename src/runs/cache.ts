import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { cacheFolder } from "../data/mnist.ts";
import { makeFolder, readIfThere, writeWhole } from "./files.ts";

/** What a key has given before, on this machine, or else what `compute` gives, which is kept if there is a place for it. */
export async function cached<T>(key: readonly unknown[], compute: () => Promise<T>): Promise<T> {
  const text = JSON.stringify(key);
  const file = join(
    cacheFolder(),
    "evaluation",
    `${createHash("sha256").update(text).digest("hex").slice(0, 32)}.json`,
  );
  const kept = await readIfThere(file)
    .then((bytes) => bytes && parse(bytes, text))
    .catch(() => undefined);
  if (kept) return kept.value as T;
  const value = await compute();
  await makeFolder(dirname(file))
    .then(() => writeWhole(file, JSON.stringify({ key: text, value })))
    .catch(() => {}); // a cache that cannot be written is no reason to fail
  return value;
}

/** The content of a file of the cache, if it is whole and of this key. */
function parse(bytes: Uint8Array, key: string): { readonly value: unknown } | undefined {
  const content = JSON.parse(new TextDecoder().decode(bytes)) as { readonly key?: unknown; readonly value: unknown };
  return content?.key === key ? content : undefined;
}

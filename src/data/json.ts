/** JSON (RFC 8259), read strictly: whoever writes a key twice, or nests without end, means no good or made a mistake. */

/** Makes the error for a problem at a byte of the text. */
type Refuse = (problem: string, atByte: number) => Error;

/** Objects and arrays within each other. */
const maxDepth = 32;
/** Values of all kinds; an object of a few bytes can take a hundred in memory. */
export const maxJsonValues = 2 ** 18;

const space = /[ \t\n\r]*/y;
const word = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * The value of a JSON text in UTF-8. Unlike `JSON.parse` it refuses keys that stand twice in an object, in whatever spelling, and `__proto__`; more than 32
 * levels; more than 2^18 values. Throws what `refuse` makes.
 */
export function parseJson(bytes: Uint8Array, refuse: Refuse): unknown {
  const text = decode(bytes, refuse);
  let at = 0;
  let values = 0;
  const refuseAt = (problem: string, place = at) =>
    refuse(problem, bytes.length - Buffer.byteLength(text.slice(place)));
  const skipSpace = () => {
    space.lastIndex = at;
    at += space.exec(text)![0].length;
  };
  const got = () => (at < text.length ? JSON.stringify(text.slice(at, at + 12)) : "the end");
  const takes = (symbol: string) => {
    if (text[at] !== symbol) return false;
    at++;
    skipSpace();
    return true;
  };
  /** A list up to its closing bracket, which `takes` has not seen yet. */
  const list = (close: string, item: () => void) => {
    if (takes(close)) return;
    do item();
    while (takes(","));
    if (!takes(close)) throw refuseAt(`expected , or ${close}, got ${got()}`);
  };
  const string = (): string => {
    const start = at;
    if (text[at] !== '"') throw refuseAt(`expected a text in quotes, got ${got()}`);
    do at += text[at] === "\\" ? 2 : 1;
    while (at < text.length && text[at] !== '"');
    at = Math.min(at + 1, text.length);
    try {
      return JSON.parse(text.slice(start, at)) as string;
    } catch {
      throw refuseAt(
        "expected a text in quotes, got one that does not end or has characters that none may have",
        start,
      );
    } finally {
      skipSpace();
    }
  };
  const value = (depth: number): unknown => {
    if (depth > maxDepth) throw refuseAt(`expected at most ${maxDepth} levels, got more`);
    if (++values > maxJsonValues) throw refuseAt(`expected at most ${maxJsonValues} values, got more`);
    if (text[at] === '"') return string();
    if (takes("[")) {
      const array: unknown[] = [];
      list("]", () => array.push(value(depth + 1)));
      return array;
    }
    if (takes("{")) {
      const object: Record<string, unknown> = {};
      list("}", () => {
        const start = at;
        const key = string();
        if (key === "__proto__") throw refuseAt("expected another key than __proto__", start);
        if (Object.hasOwn(object, key))
          throw refuseAt(`expected each key once, got ${JSON.stringify(key)} again`, start);
        if (!takes(":")) throw refuseAt(`expected :, got ${got()}`);
        object[key] = value(depth + 1);
      });
      return object;
    }
    word.lastIndex = at;
    const found = word.exec(text)?.[0];
    if (found === undefined) throw refuseAt(`expected a value, got ${got()}`);
    at += found.length;
    skipSpace();
    return JSON.parse(found);
  };
  skipSpace();
  const whole = value(0);
  if (at < text.length) throw refuseAt(`expected the end, got ${got()}`);
  return whole;
}

function decode(bytes: Uint8Array, refuse: Refuse): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refuse("expected text in UTF-8, got other bytes", 0);
  }
}

/** The header of an NPY file: a dictionary in Python's notation, of which only what NumPy writes there is understood. */
import type { InputError } from "../errors.ts";
import { multiply } from "./sizes.ts";

/** What the header says, the type and the truth value as they are spelt. */
export interface NpyHeader {
  readonly descr: string;
  readonly order: string;
  readonly shape: readonly number[];
}

/** Makes the error for a problem at a place in the text. */
type Refuse = (problem: string, at: number) => InputError;

const maxRank = 8;
const advice = "Save a plain array of numbers with numpy.save.";

/**
 * Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, the keys in any order, each once. Throws what `refuse` makes for anything else, and for
 * a shape of more than 8 sizes or a product of them beyond 2^53.
 */
export function parseNpyHeader(text: string, refuse: Refuse): NpyHeader {
  const { next, symbol, list, place } = scan(text, refuse);
  const name = () => next("a name in quotes", /^['"]/).slice(1, -1);
  const shape = () => {
    symbol("(");
    return list(")", () => Number(next("a whole number", /^\d/)));
  };
  const found: { descr?: string; fortran_order?: string; shape?: number[] } = {};
  const entry = () => {
    const at = place();
    const key = name();
    if (Object.hasOwn(found, key)) throw refuse(`expected each key once, got ${key} again. ${advice}`, at);
    symbol(":");
    if (key === "descr") found.descr = name();
    else if (key === "fortran_order") found.fortran_order = next("True or False", /^[TF]/);
    else if (key === "shape") found.shape = shape();
    else throw refuse(`expected the keys descr, fortran_order and shape, got ${key}. ${advice}`, at);
  };
  symbol("{");
  list("}", entry);
  const { descr, fortran_order: order, shape: sizes } = found;
  if (descr === undefined || order === undefined || sizes === undefined || place() < text.length) {
    throw refuse(`expected descr, fortran_order and shape and nothing else. ${advice}`, place());
  }
  if (sizes.length > maxRank || multiply(sizes) === Infinity) {
    throw refuse(`expected at most ${maxRank} sizes with a product below 2^53, got [${sizes.join(", ")}].`, 0);
  }
  return { descr, order, shape: sizes };
}

/** A bracket or separator, a name in quotes, a truth value, or a whole number, and the space after it. */
const word = /([{}(),:]|'[^'\\]*'|"[^"\\]*"|True|False|\d+)\s*/y;

/** Goes through the words of a text. */
function scan(text: string, refuse: Refuse) {
  let at = 0;
  const peek = () => {
    word.lastIndex = at;
    return word.exec(text)?.[1] ?? "";
  };
  /** The next word, which has to be of a pattern. */
  const next = (what: string, pattern: RegExp) => {
    const found = peek();
    if (!pattern.test(found)) {
      const got = text.slice(at, at + 20).trimEnd() || "the end of the header";
      throw refuse(`expected ${what}, got ${got}. ${advice}`, at);
    }
    at = word.lastIndex;
    return found;
  };
  const symbol = (wanted: string) => next(wanted, new RegExp(`^\\${wanted}`));
  /** Items up to a closing bracket; a comma may follow the last. */
  const list = <T>(close: string, item: () => T): T[] => {
    const items: T[] = [];
    while (peek() !== close) {
      items.push(item());
      if (peek() !== close) symbol(",");
    }
    symbol(close);
    return items;
  };
  return { next, symbol, list, place: () => at };
}

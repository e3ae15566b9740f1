import {
  add,
  type Bytes,
  get,
  i32,
  integer,
  loop,
  moduleOf,
  multiply,
  repeat,
  set,
  simd,
  storeAt,
  unsigned,
  v128,
  when,
} from "./binary.ts";

/** Numbers that one run gives at most. */
export const mostDrawn = 1024;
/** Where a run puts normal numbers (float64), in bytes of its memory. The number at 0 is nobody's: a last one in the tails has it for company. */
export const normalsAt = 16;
/** Where a run puts words (int32). */
export const wordsAt = normalsAt + 8 * mostDrawn;
/** The list of the addresses of numbers in the tails; before it stands a 0. */
const tailsAt = wordsAt + 4 * mostDrawn + 16;
/** Bytes of memory that a run needs. */
export const drawBytes = tailsAt + 4 * (mostDrawn + 1);

/** Locals of the function: its parameters, positions in memory, then vectors, by the names that `threefry2x32` and `normalQuantile` have for them. */
const [key0, key1, step, counter, count, areNormal] = [0, 1, 2, 3, 4, 5] as const;
const [at, end, top] = [6, 7, 8] as const;
const keys = [9, 10, 11] as const;
const [c0, c1, x0, x1] = [12, 13, 14, 15] as const;
const [q, r, x, exponent, m, s, t, isTail] = [16, 17, 18, 19, 20, 21, 22, 23] as const;

/**
 * A module that draws: `run(key0, key1, step, counter, count, areNormal)` puts so many words of `threefry2x32`, from a counter on, at `wordsAt`, and where
 * `areNormal` is not 0 their normal numbers at `normalsAt`. They are to the bit those of `random.ts`: the same operations in the same order, on four counters,
 * then on two numbers at a time, first on all as if none were in the tails, then on those that are. What is behind `count` up to a multiple of eight is undefined.
 */
export function normalModule(): Uint8Array {
  const code: Bytes = [
    prepared(),
    loop(at, 32, end, words()),
    when(get(areNormal), [
      [put(end, [get(count), integer(8), multiply]), put(top, integer(tailsAt))],
      loop(at, 16, end, centre()),
      when(areTailsLeft, repeat(tails(), areTailsLeft)),
    ]),
  ];
  const positions = [at, end, top].map(() => i32);
  const vectors = [...keys, c0, c1, x0, x1, q, r, x, exponent, m, s, t, isTail].map(() => v128);
  return moduleOf([i32, i32, i32, i32, i32, i32], [...positions, ...vectors], code);
}

const exclusiveOr: Bytes = [0x73];
const areTailsLeft: Bytes = [get(top), integer(tailsAt), 0x4b];
const put = (local: number, value: Bytes): Bytes => [value, set(local)];
const operation =
  (opcode: number) =>
  (a: Bytes, b: Bytes): Bytes => [a, b, simd(opcode)];
const shifted = (opcode: number, value: Bytes, bits: number): Bytes => [value, integer(bits), simd(opcode)];
const bitwiseAnd = operation(0x4e);
const bitwiseOr = operation(0x50);
const bitwiseXor = operation(0x51);
/** The int32 at four places of two vectors, those of the second being 4 to 7. */
const shuffled = (a: Bytes, b: Bytes, places: readonly number[]): Bytes => [
  [a, b, simd(0x0d)],
  places.flatMap((place) => [0, 1, 2, 3].map((byte) => 4 * place + byte)),
];

/** Four int32. */
const sum = operation(0xae);
const everywhere = (value: Bytes): Bytes => [value, simd(0x11)];
const integers = (...values: number[]): Bytes => [simd(0x0c), ...new Uint8Array(Int32Array.from(values).buffer)];

function prepared(): Bytes {
  const parity = [get(key0), get(key1), exclusiveOr, integer(0x1bd11bda), exclusiveOr];
  return [
    [[get(key0)], [get(key1)], parity].map((key, i) => put(keys[i]!, everywhere(key))),
    put(c0, everywhere([get(step), get(key0), add])),
    put(c1, counters(everywhere(get(counter)), integers(0, 1, 2, 3))),
    put(end, [get(count), integer(4), multiply]),
  ];
}

/** Numbers of words have 32 bits, so counters 31. */
const counters = (from: Bytes, distance: Bytes): Bytes =>
  bitwiseAnd(sum(from, distance), everywhere(integer(0x7fffffff)));

/** Stores the words of the counters c1. */
function words(): Bytes {
  const rotations = [
    [13, 15, 26, 6],
    [17, 29, 16, 24],
  ];
  const stored = (from: number, places: readonly number[]): Bytes => [
    [get(at), shuffled(get(x0), get(x1), places)],
    storeAt(wordsAt + from),
  ];
  return [
    [put(x0, get(c0)), put(x1, sum(get(c1), get(keys[1])))],
    [1, 2, 3, 4, 5].map((group) => [rotations[(group - 1) % 2]!.map(round), keyed(group)]),
    [stored(0, [0, 4, 1, 5]), stored(16, [2, 6, 3, 7])],
    put(c1, counters(get(c1), everywhere(integer(4)))),
  ];
}

function round(bits: number): Bytes {
  const rotated = bitwiseOr(shifted(0xab, get(x1), bits), shifted(0xad, get(x1), 32 - bits));
  return [put(x0, sum(get(x0), get(x1))), put(x1, bitwiseXor(rotated, get(x0)))];
}

const keyed = (group: number): Bytes => [
  put(x0, sum(get(x0), get(keys[group % 3]!))),
  put(x1, sum(sum(get(x1), get(keys[(group + 1) % 3]!)), everywhere(integer(group)))),
];

/** Two float64. */
const plus = operation(0xf0);
const minus = operation(0xf1);
const times = operation(0xf2);
const over = operation(0xf3);
const real = (value: number): Bytes => [0x44, ...new Uint8Array(Float64Array.of(value).buffer), simd(0x14)];
const isAbove = operation(0x4a);
const absolute = (value: Bytes): Bytes => [value, simd(0xec)];
const negative = (value: Bytes): Bytes => [value, simd(0xed)];
const root = (value: Bytes): Bytes => [value, simd(0xef)];
/** The number at an address, and 0. */
const loadFirst = (address: Bytes, at: number): Bytes => [address, simd(0x5d), 3, ...unsigned(at)];
const loadSecond = (address: Bytes, vector: Bytes): Bytes => [address, vector, simd(0x57), 3, 0, 1];
const storeOne = (address: Bytes, vector: Bytes, place: number): Bytes => [address, vector, simd(0x5b), 3, 0, place];
const horner = (variable: Bytes, [first, ...rest]: readonly number[]): Bytes =>
  rest.reduce<Bytes>((value, next) => plus(times(value, variable), real(next)), real(first!));

const centreNumerator = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.693765509461, 1971.5909503065513,
  133.14166789178438, 3.3871328727963665,
];
const centreDenominator = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
  42.31333070160091, 1,
];

/** Stores two normal numbers; of those in the tails q, and the address in the list. */
function centre(): Bytes {
  const converted: Bytes = [loadFirst([get(at), integer(1), 0x76], wordsAt), simd(0xff)];
  return [
    put(q, minus(times(plus(converted, real(0.5)), real(2 ** -32)), real(0.5))),
    put(r, minus(real(0.180625), times(get(q), get(q)))),
    put(m, over(times(get(q), horner(get(r), centreNumerator)), horner(get(r), centreDenominator))),
    put(isTail, isAbove(absolute(get(q)), real(0.425))),
    [get(at), get(q), get(m), get(isTail), simd(0x52), storeAt(normalsAt)],
    [listed(0), listed(1)],
  ];
}

/** Puts the address of one of two numbers behind the list, which grows by it if that is in the tails. */
const listed = (place: number): Bytes => [
  [get(top), get(at), integer(normalsAt + 8 * place), add, 0x36, 2, 0],
  [put(top, [get(top), get(isTail), simd(0x1b), 2 * place, integer(4), 0x71, add])],
];

const tailNumerator = [
  7.745450142783414e-4, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
  5.769497221460691, 4.630337846156546, 1.4234371107496835,
];
const tailDenominator = [
  1.0507500716444169e-9, 5.475938084995345e-4, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
  1.6763848301838038, 2.053191626637759, 1,
];

/** Makes the last two numbers of the list. None is in the far tail, which begins at 2^-36: words have 32 bits. */
function tails(): Bytes {
  const address = (place: number): Bytes => [get(top), 0x28, 2, 4 * place];
  const sign = bitwiseAnd(get(q), real(-0));
  return [
    put(top, [get(top), integer(-8), add]),
    put(q, loadSecond(address(1), loadFirst(address(0), 0))),
    put(x, minus(real(0.5), absolute(get(q)))),
    put(r, minus(root(negative(logarithm())), real(1.6))),
    put(m, bitwiseOr(over(horner(get(r), tailNumerator), horner(get(r), tailDenominator)), sign)),
    [storeOne(address(0), get(m), 0), storeOne(address(1), get(m), 1)],
  ];
}

/** 1/23, 1/21, ..., 1/3, 1. */
const series = Array.from({ length: 12 }, (_, i) => 1 / (23 - 2 * i));

/** The natural logarithms of x. The difference of its bits to those of sqrt 1/2, where mantissas begin, has the exponent on top. */
function logarithm(): Bytes {
  const difference = operation(0xd1);
  const converted: Bytes = [shuffled(get(exponent), get(exponent), [0, 2, 0, 2]), simd(0xfe)];
  return [
    put(exponent, shifted(0xcc, difference(get(x), real(Math.SQRT1_2)), 52)),
    put(m, difference(get(x), shifted(0xcb, get(exponent), 52))),
    put(s, over(minus(get(m), real(1)), plus(get(m), real(1)))),
    put(t, times(get(s), get(s))),
    plus(times(converted, real(Math.LN2)), times(times(real(2), get(s)), horner(get(t), series))),
  ];
}

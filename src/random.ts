/**
 * Counter-based random numbers, the only source of randomness. A value is a pure function of (seed, stream, step, index), so nothing
 * has to be saved to resume, and values do not depend on who asks for them or in which order.
 *
 * The generator is Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). Normal numbers are the
 * inverse distribution function (Wichura 1988, AS 241, PPND16) of a uniform one: one counter value each, and only + - * / and `Math.sqrt`,
 * which ECMAScript defines to the bit - `Math.log` and `Math.cos` it does not. Fills compute them with the vectors of WebAssembly, which give the same bits.
 */

import { openInstance } from "./wasm/instance.ts";
import { drawBytes, mostDrawn, normalModule, normalsAt, wordsAt } from "./wasm/normal.ts";

/** A named, independent sequence of random numbers of one seed. */
export interface Stream {
  readonly key0: number;
  readonly key1: number;
}

/** The stream of a seed (an integer from 0 to 2^32 - 1) with a name. */
export function stream(seed: number, name: string): Stream {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return { key0: seed | 0, key1: hash };
}

/** Memory for real numbers. */
export type Reals = Float32Array | Float64Array;

/** Writes the two 32-bit words of counter (c0, c1) under key (k0, k1) to `out` from `at` on. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Int32Array, at = 0): void {
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  let [next0, next1, next2] = [k1, k0 ^ k1 ^ 0x1bd11bda, k0];
  for (let group = 1; ; group += 2) {
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    x0 = (x0 + next0) | 0;
    x1 = (x1 + next1 + group) | 0;
    if (group === 5) break;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
    x0 = (x0 + next1) | 0;
    x1 = (x1 + next2 + group + 1) | 0;
    const first = next0;
    next0 = next2;
    next2 = next1;
    next1 = first;
  }
  out[at] = x0;
  out[at + 1] = x1;
}

const pair = new Int32Array(2);

/** The 32-bit word number `index` of a step. */
export function word({ key0, key1 }: Stream, step: number, index: number): number {
  threefry2x32(key0, key1, step, index >>> 1, pair);
  return pair[index & 1]! >>> 0;
}

const unit = (bits: number): number => ((bits >>> 0) + 0.5) * 2 ** -32;

/** A uniform number in the open interval (0, 1). */
export function uniform(source: Stream, step: number, index: number): number {
  return unit(word(source, step, index));
}

/** A standard normal number. */
export function normal(source: Stream, step: number, index: number): number {
  return normalQuantile(uniform(source, step, index));
}

/** Fills `out` with uniform numbers between low and high: element i is number i of the step. */
export function fillUniform(source: Stream, step: number, out: Reals, low = 0, high = 1): void {
  const { words, draw } = openDraws();
  for (let done = 0; done < out.length; done += mostDrawn) {
    const count = Math.min(out.length - done, mostDrawn);
    draw(source.key0, source.key1, step, done >>> 1, count, 0);
    for (let i = 0; i < count; i++) out[done + i] = low + (high - low) * unit(words[i]!);
  }
}

/** Fills `out` with standard normal numbers: element i is number `first` + i of the step. */
export function fillNormal(source: Stream, step: number, out: Reals, first = 0): void {
  const { normals, draw } = openDraws();
  for (let done = 0 - (first & 1); done < out.length; done += mostDrawn) {
    const count = Math.min(out.length - done, mostDrawn);
    draw(source.key0, source.key1, step, (first + done) >>> 1, count, 1);
    if (done >= 0 && count === mostDrawn) out.set(normals, done);
    else for (let i = done < 0 ? 1 : 0; i < count; i++) out[done + i] = normals[i]!;
  }
}

/** A place for at most `mostDrawn` numbers at a time. */
interface Draws {
  readonly words: Int32Array;
  readonly normals: Float64Array;
  /** Puts `count` words, from a counter on, in `words`, and where `areNormal` is 1 their normal numbers in `normals`. */
  readonly draw: (key0: number, key1: number, step: number, counter: number, count: number, areNormal: 0 | 1) => void;
}

let draws: Draws | undefined;

/** Opened by the first fill. */
function openDraws(): Draws {
  draws ??= vectorDraws() ?? plainDraws();
  return draws;
}

function vectorDraws(): Draws | undefined {
  const instance = openInstance(normalModule(), drawBytes);
  return (
    instance && {
      words: new Int32Array(instance.buffer, wordsAt, mostDrawn),
      normals: new Float64Array(instance.buffer, normalsAt, mostDrawn),
      draw: instance.run,
    }
  );
}

function plainDraws(): Draws {
  const words = new Int32Array(mostDrawn);
  const normals = new Float64Array(mostDrawn);
  const draw: Draws["draw"] = (key0, key1, step, counter, count, areNormal) => {
    for (let i = 0; i < count; i += 2) threefry2x32(key0, key1, step, (counter + i / 2) & 0x7fffffff, words, i);
    if (areNormal === 1) for (let i = 0; i < count; i++) normals[i] = normalQuantile(unit(words[i]!));
  };
  return { words, normals, draw };
}

/** A uniformly random permutation of 0 .. length - 1 (Fisher-Yates). */
export function permutation(source: Stream, step: number, length: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const j = Math.floor(uniform(source, step, i) * (i + 1));
    order[i] = order[j]!;
    order[j] = i;
  }
  return order;
}

/** The number below which a standard normal number falls with probability p in (0, 1); relative error about 1e-16. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q *
        (((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r +
          13731.693765509461) *
          r +
          1971.5909503065513) *
          r +
          133.14166789178438) *
          r +
          3.3871328727963665)) /
      (((((((5226.495278852854 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586597) * r +
        5394.196021424751) *
        r +
        687.1870074920579) *
        r +
        42.31333070160091) *
        r +
        1)
    );
  }
  const r = Math.sqrt(-logBelowOne(q < 0 ? p : 1 - p));
  const z = r <= 5 ? tail(r - 1.6) : farTail(r - 5);
  return q < 0 ? -z : z;
}

function tail(r: number): number {
  return (
    (((((((7.745450142783414e-4 * r + 0.022723844989269184) * r + 0.2417807251774506) * r + 1.2704582524523684) * r +
      3.6478483247632045) *
      r +
      5.769497221460691) *
      r +
      4.630337846156546) *
      r +
      1.4234371107496835) /
    (((((((1.0507500716444169e-9 * r + 5.475938084995345e-4) * r + 0.015198666563616457) * r + 0.14810397642748008) *
      r +
      0.6897673349851) *
      r +
      1.6763848301838038) *
      r +
      2.053191626637759) *
      r +
      1)
  );
}

function farTail(r: number): number {
  return (
    (((((((2.0103343992922881e-7 * r + 2.7115555687434876e-5) * r + 0.0012426609473880784) * r + 0.026532189526576124) *
      r +
      0.29656057182850487) *
      r +
      1.7848265399172913) *
      r +
      5.463784911164114) *
      r +
      6.657904643501103) /
    (((((((2.0442631033899397e-15 * r + 1.421511758316446e-7) * r + 1.8463183175100548e-5) * r + 7.868691311456133e-4) *
      r +
      0.014875361290850615) *
      r +
      0.1369298809227358) *
      r +
      0.5998322065558879) *
      r +
      1)
  );
}

/** Natural logarithm of 0 < x < 1 by log m = 2 artanh((m - 1) / (m + 1)), m the mantissa in [sqrt 1/2, sqrt 2). */
function logBelowOne(x: number): number {
  let exponent = 0;
  let m = x;
  for (; m < Math.SQRT1_2; exponent--) m *= 2;
  const s = (m - 1) / (m + 1);
  const t = s * s;
  const even = 1 + t * (1 / 3 + t * (1 / 5 + t * (1 / 7 + t * (1 / 9 + t * (1 / 11 + t * tailSeries(t))))));
  return exponent * Math.LN2 + 2 * s * even;
}

/** 1/13 + t/15 + t^2/17 + ... to the precision that t < 0.03 needs. */
function tailSeries(t: number): number {
  return 1 / 13 + t * (1 / 15 + t * (1 / 17 + t * (1 / 19 + t * (1 / 21 + t * (1 / 23)))));
}

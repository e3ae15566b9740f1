/** The embedded data set: digits that the program writes by hand itself, sized and placed like MNIST's, for when MNIST cannot be had. */

import { fillNormal, fillUniform, type Stream, stream } from "../random.ts";
import type { LabelledImages, Split } from "./images.ts";
import { type Form, forms, START } from "./strokes-glyphs.ts";
import { fitPath, inkPath, type PenPoint, smoothPath } from "./strokes-pen.ts";

const SIZE = 28;

/** Pixels: what the ink's edge fades into makes it the 20 of MNIST. */
const BOX = 19.5;

/** Pixels: the outermost one stays black, and half a one is the fading edge. */
const MARGIN = 1.5;

/** The number of the first handwriting of each split: no set reaches the next one. */
const firstOf = { train: 0, validation: 1e9, test: 2e9 };

/**
 * Handwritten-looking digits, 28 x 28, white on black; 30,000 to train with and 10,000 of the other splits where no number is asked for. Image i of a split
 * shows digit i % 10 and depends on `seed`, the split and i alone.
 */
export function strokes({
  split = "train",
  count = split === "train" ? 30_000 : 10_000,
  seed = 0,
}: {
  split?: Split;
  count?: number;
  seed?: number;
} = {}): LabelledImages {
  const area = SIZE * SIZE;
  const pixels = new Uint8Array(count * area);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 10;
    drawDigit(seed, firstOf[split] + i, i % 10, pixels.subarray(i * area, (i + 1) * area));
  }
  return { name: "strokes", count, height: SIZE, width: SIZE, pixels, labels };
}

/**
 * Writes `digit` (0 to 9) in the handwriting number `index` of `seed` to `out`, [28, 28], 0 black to 255 white. One handwriting has the same pen
 * and slant for all digits. Throws `RangeError` for any other digit.
 */
export function drawDigit(seed: number, index: number, digit: number, out: Uint8Array): void {
  const candidates = forms[digit];
  if (!candidates) throw new RangeError(`drawDigit: digit must be an integer from 0 to 9, got ${digit}.`);
  const habits = drawHabits(seed, index);
  const form = chooseForm(candidates, habits);
  const hand = drawHand(seed, index, form.kinds.length);
  const points = mixPoses(form, habits);
  shake(points, form, hand);
  bend(points, hand);
  lean(points, hand);
  const line = smoothPath(penPath(points, form, hand), habits.sharpness);
  out.fill(0);
  inkPath(fitPath(roughen(line, seed, index), BOX, SIZE, MARGIN), SIZE, out);
}

/** Which shapes a writer prefers, as uniform numbers. */
interface Habits {
  readonly form: number;
  readonly pose: number;
  readonly otherPose: number;
  readonly poseShare: number;
  readonly sharpness: number;
}

function drawHabits(seed: number, index: number): Habits {
  const u = new Float32Array(5);
  fillUniform(stream(seed, "strokes/habits"), index, u);
  return { form: u[0]!, pose: u[1]!, otherPose: u[2]!, poseShare: u[3]!, sharpness: u[4]! };
}

/** How the writer's hand departs from these shapes, as normal numbers kept within two standard deviations: nobody's writing falls apart. */
interface Hand {
  readonly slant: number;
  readonly turn: number;
  readonly aspect: number;
  readonly width: number;
  /** x and y of the 4 x 4 control points of a Bezier patch. */
  readonly patch: Float32Array;
  /** x, y and line width of each point. */
  readonly points: Float32Array;
}

function drawHand(seed: number, index: number, pointCount: number): Hand {
  const z = tameNormals(stream(seed, "strokes/hand"), index, 4 + 32 + 3 * pointCount);
  return { slant: z[0]!, turn: z[1]!, aspect: z[2]!, width: z[3]!, patch: z.subarray(4, 36), points: z.subarray(36) };
}

function tameNormals(source: Stream, index: number, count: number): Float32Array {
  const z = new Float32Array(count);
  fillNormal(source, index, z);
  for (let i = 0; i < count; i++) z[i] = Math.max(-2, Math.min(2, z[i]!));
  return z;
}

function chooseForm(candidates: readonly Form[], { form }: Habits): Form {
  let left = form;
  for (const candidate of candidates) {
    left -= candidate.share;
    if (left < 0) return candidate;
  }
  return candidates[0]!;
}

/** A mixture of two of the form's poses, reaching a little beyond both. */
function mixPoses({ poses }: Form, { pose, otherPose, poseShare }: Habits): Float64Array {
  const a = pick(poses, pose);
  const b = pick(poses, otherPose);
  const share = 1.2 * poseShare - 0.1;
  return a.map((from, i) => from + share * (b[i]! - from));
}

/** A uniform number in float32 can be rounded up to 1. */
function pick<T>(items: readonly T[], u: number): T {
  return items[Math.min(items.length - 1, Math.floor(u * items.length))]!;
}

/** Moves every point a little by itself, where the pen is put down and lifted twice as much. */
function shake(points: Float64Array, { kinds }: Form, hand: Hand): void {
  for (let i = 0; i < kinds.length; i++) {
    const isEnd = kinds[i] === START || i + 1 === kinds.length || kinds[i + 1] === START;
    const by = isEnd ? 3.4 : 1.4;
    points[2 * i]! += by * hand.points[3 * i]!;
    points[2 * i + 1]! += by * hand.points[3 * i + 1]!;
  }
}

/**
 * Bends the paper: a point moves by the cubic Bezier patch over the box (free-form deformation, Sederberg and Parry 1986). Forms of few points
 * are straight lines and bend less.
 */
function bend(points: Float64Array, { patch }: Hand): void {
  const strength = Math.min(13, points.length);
  for (let i = 0; i < points.length; i += 2) {
    const u = bernstein(points[i]! / 100);
    const v = bernstein(points[i + 1]! / 100);
    for (let k = 0; k < 16; k++) {
      const weight = strength * u[k & 3]! * v[k >> 2]!;
      points[i]! += weight * patch[2 * k]!;
      points[i + 1]! += weight * patch[2 * k + 1]!;
    }
  }
}

function bernstein(t: number): readonly [number, number, number, number] {
  const s = 1 - t;
  return [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
}

/** Stretches sideways, slants (to the right more often than to the left) and turns. */
function lean(points: Float64Array, hand: Hand): void {
  const aspect = 1 + 0.16 * hand.aspect;
  const slant = 0.18 + 0.22 * hand.slant;
  const turn = 0.08 * hand.turn;
  const cosine = 1 / Math.sqrt(1 + turn * turn);
  const sine = turn * cosine;
  for (let i = 0; i < points.length; i += 2) {
    const y = points[i + 1]!;
    const x = aspect * points[i]! - slant * y;
    points[i] = cosine * x - sine * y;
    points[i + 1] = sine * x + cosine * y;
  }
}

function penPath(points: Float64Array, { kinds }: Form, hand: Hand): PenPoint[] {
  const path: PenPoint[] = [];
  const radius = 7.3 + 1.8 * hand.width;
  for (const [i, kind] of kinds.entries())
    path.push({ x: points[2 * i]!, y: points[2 * i + 1]!, radius: radius * (1 + 0.1 * hand.points[3 * i + 2]!), kind });
  return path;
}

/** Ink and paper are uneven: the width changes a little from chord to chord. */
function roughen(line: readonly PenPoint[], seed: number, index: number): PenPoint[] {
  const z = tameNormals(stream(seed, "strokes/ink"), index, line.length);
  return line.map(({ x, y, radius, kind }, i) => ({ x, y, radius: radius + 0.5 * z[i]!, kind }));
}

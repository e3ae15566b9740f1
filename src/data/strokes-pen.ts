/**
 * From the points of a pen path to pixels. Only + - * /, `Math.sqrt`, `floor`, `min` and `max`, which ECMAScript defines to the bit: the same
 * pixels on every machine.
 */

import { CORNER, START } from "./strokes-glyphs.ts";

/** A point the pen goes through. */
export interface PenPoint {
  readonly x: number;
  readonly y: number;
  /** Half the width of the line here. */
  readonly radius: number;
  /** `SMOOTH`, `CORNER` or `START`. */
  readonly kind: number;
}

interface Vector {
  readonly x: number;
  readonly y: number;
}

/** The direction from the point before, of length 1, and how far that point is. */
interface Chord extends Vector {
  readonly length: number;
}

const STEPS = 6;

/**
 * The path as short straight lines: between neighbours `STEPS` chords of a cubic Hermite curve. Its tangents are those of the parabola through
 * three points (Bessel); at a corner they turn to the straight lines on both sides, wholly where `sharpness` is 1.
 */
export function smoothPath(path: readonly PenPoint[], sharpness: number): PenPoint[] {
  const chords = path.map((point, i) => chord(path[i - 1] ?? point, point));
  const out: PenPoint[] = [];
  for (let i = 0; i < path.length; i++) {
    const to = path[i]!;
    if (to.kind === START) {
      out.push(to);
      continue;
    }
    const leaving = tangent(path, chords, i - 1, i, sharpness);
    const arriving = tangent(path, chords, i, i, sharpness);
    for (let k = 1; k <= STEPS; k++)
      out.push(hermite(path[i - 1]!, to, leaving, arriving, chords[i]!.length, k / STEPS));
  }
  return out;
}

function chord(from: PenPoint, to: PenPoint): Chord {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.max(Math.sqrt(dx * dx + dy * dy), 1e-9);
  return { x: dx / length, y: dy / length, length };
}

/** The tangent at point `i` of the curve along chord `side`, one of the two that meet in the point. */
function tangent(
  path: readonly PenPoint[],
  chords: readonly Chord[],
  i: number,
  side: number,
  sharpness: number,
): Vector {
  const straight = chords[side]!;
  if (isInside(path, i)) {
    const parabola = through(chords[i]!, chords[i + 1]!);
    return path[i]!.kind === CORNER ? mix(parabola, straight, sharpness) : parabola;
  }
  const other = i === side ? i - 1 : i + 1;
  if (!isInside(path, other) || path[other]!.kind === CORNER) return straight;
  return mix(through(chords[other]!, chords[other + 1]!), straight, 1.5);
}

function isInside(path: readonly PenPoint[], i: number): boolean {
  return path[i]!.kind !== START && i + 1 < path.length && path[i + 1]!.kind !== START;
}

function through(before: Chord, after: Chord): Vector {
  return mix(before, after, before.length / (before.length + after.length));
}

function mix(a: Vector, b: Vector, share: number): Vector {
  return { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) };
}

function hermite(from: PenPoint, to: PenPoint, leaving: Vector, arriving: Vector, length: number, t: number): PenPoint {
  const h1 = t * t * (3 - 2 * t);
  const h0 = 1 - h1;
  const g0 = t * (1 - t) * (1 - t) * length;
  const g1 = t * t * (t - 1) * length;
  return {
    x: h0 * from.x + h1 * to.x + g0 * leaving.x + g1 * arriving.x,
    y: h0 * from.y + h1 * to.y + g0 * leaving.y + g1 * arriving.y,
    radius: h0 * from.radius + h1 * to.radius,
    kind: to.kind,
  };
}

/**
 * Scales a path, pen and all, to fit a square of `box` pixels and puts the ink's centre of mass in the middle of the image, [size, size], as the
 * makers of MNIST did (LeCun et al. 1998). Where that would leave less than `margin` pixels to the border the path stops there.
 */
export function fitPath(path: readonly PenPoint[], box: number, size: number, margin: number): PenPoint[] {
  const mass = centreOfMass(path);
  const left = Math.min(...path.map((p) => p.x - p.radius)) - mass.x;
  const right = Math.max(...path.map((p) => p.x + p.radius)) - mass.x;
  const top = Math.min(...path.map((p) => p.y - p.radius)) - mass.y;
  const bottom = Math.max(...path.map((p) => p.y + p.radius)) - mass.y;
  const scale = box / Math.max(right - left, bottom - top);
  const toX = Math.min(Math.max(size / 2, margin - scale * left), size - margin - scale * right);
  const toY = Math.min(Math.max(size / 2, margin - scale * top), size - margin - scale * bottom);
  return path.map(({ x, y, radius, kind }) => ({
    x: toX + scale * (x - mass.x),
    y: toY + scale * (y - mass.y),
    radius: scale * radius,
    kind,
  }));
}

function centreOfMass(path: readonly PenPoint[]): Vector {
  let mass = 0;
  let x = 0;
  let y = 0;
  for (let i = 1; i < path.length; i++) {
    const to = path[i]!;
    if (to.kind === START) continue;
    const from = path[i - 1]!;
    const ink = chord(from, to).length * (from.radius + to.radius);
    mass += ink;
    x += (ink * (from.x + to.x)) / 2;
    y += (ink * (from.y + to.y)) / 2;
  }
  return { x: x / mass, y: y / mass };
}

/** Draws a path white into `out`, [size, size] pixels; a pixel is as white as the line next to its centre covers of its width. */
export function inkPath(path: readonly PenPoint[], size: number, out: Uint8Array): void {
  for (let i = 1; i < path.length; i++) if (path[i]!.kind !== START) inkLine(path[i - 1]!, path[i]!, size, out);
}

function inkLine(a: PenPoint, b: PenPoint, size: number, out: Uint8Array): void {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const perLength2 = 1 / Math.max(dx * dx + dy * dy, 1e-12);
  const reach = Math.max(a.radius, b.radius) + 0.5;
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x) - reach));
  const right = Math.min(size - 1, Math.floor(Math.max(a.x, b.x) + reach));
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y) - reach));
  const bottom = Math.min(size - 1, Math.floor(Math.max(a.y, b.y) + reach));
  for (let row = top; row <= bottom; row++) {
    const py = row + 0.5 - a.y;
    for (let column = left; column <= right; column++) {
      const px = column + 0.5 - a.x;
      const t = Math.max(0, Math.min(1, (px * dx + py * dy) * perLength2));
      const ex = px - t * dx;
      const ey = py - t * dy;
      const distance2 = ex * ex + ey * ey;
      if (distance2 >= reach * reach) continue;
      const cover = a.radius + t * (b.radius - a.radius) + 0.5 - Math.sqrt(distance2);
      const value = Math.floor(255 * Math.max(0, Math.min(1, cover)) + 0.5);
      const pixel = row * size + column;
      if (value > out[pixel]!) out[pixel] = value;
    }
  }
}

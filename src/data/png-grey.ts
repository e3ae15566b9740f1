import { channelsOf, type Png } from "./png.ts";

/** Shares of red, green and blue in the brightness (ITU-R BT.601); they sum to 1. */
const [redShare, greenShare, blueShare] = [0.299, 0.587, 0.114];

/**
 * The grey levels [height, width] in [0, 1] of a picture of any kind: Y = 0.299 R + 0.587 G + 0.114 B of the stored values, without a gamma, and where a pixel
 * has the opacity a, a Y + 1 - a, as on white paper.
 */
export function greyLevels({ header, palette, transparency, samples }: Png): Float32Array {
  const { width, height, depth, colour } = header;
  const channels = channelsOf[colour];
  const most = 2 ** depth - 1;
  const key = transparency && colour !== 3 ? keyOf(transparency) : undefined;
  const colours = palette && colour === 3 ? paletteLevels(palette, transparency) : undefined;
  const at = (i: number) => samples[i]! / most;
  return Float32Array.from({ length: width * height }, (_, pixel) => {
    const i = pixel * channels;
    if (colours) return colours[samples[i]!]!;
    const isColour = colour === 2 || colour === 6;
    const level = isColour ? luma(at(i), at(i + 1), at(i + 2)) : at(i);
    if (channels % 2 === 0) return onPaper(level, at(i + channels - 1));
    return key?.every((sample, c) => sample === samples[i + c]) ? 1 : level;
  });
}

/** The samples of the one colour that is transparent. */
const keyOf = (transparency: Uint8Array) =>
  Array.from({ length: transparency.length / 2 }, (_, c) => 256 * transparency[2 * c]! + transparency[2 * c + 1]!);

function paletteLevels(palette: Uint8Array, opacities: Uint8Array | undefined): number[] {
  return Array.from({ length: palette.length / 3 }, (_, entry) => {
    const [red, green, blue] = palette.subarray(3 * entry, 3 * entry + 3) as unknown as [number, number, number];
    return onPaper(luma(red / 255, green / 255, blue / 255), (opacities?.[entry] ?? 255) / 255);
  });
}

const luma = (red: number, green: number, blue: number) => redShare * red + greenShare * green + blueShare * blue;

const onPaper = (level: number, opacity: number) => opacity * level + 1 - opacity;

import { crc32, deflateSync } from "node:zlib";
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { channelsOf, chunk, header, type Picture, rowsOf, signature, writePng } from "../../test/support/png-writer.ts";
import { InputError } from "../errors.ts";
import { stream, word } from "../random.ts";
import { decodePng } from "./png.ts";
import { readPngParts } from "./png-chunks.ts";
import { greyLevels } from "./png-grey.ts";

const kinds = [
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
] as const;

/** A picture of random samples, with all filters in its rows. */
function random(colour: number, depth: number, width: number, height: number, isInterlaced = false): Picture {
  const noise = stream(3, `picture ${colour} ${depth}`);
  const samples = Array.from(
    { length: width * height * channelsOf(colour) },
    (_, i) => word(noise, width * 100 + height, i) % 2 ** depth,
  );
  const palette = Uint8Array.from({ length: 3 * 2 ** depth }, (_, i) => word(noise, 9, i));
  const filter = (row: number) => row % 5;
  return { width, height, depth, colour, isInterlaced, samples, filter, ...(colour === 3 && { palette }) };
}

const grey: Picture = { width: 3, height: 2, depth: 8, colour: 0, samples: [0, 51, 102, 153, 204, 255] };

/** The message of the `InputError` that decoding throws. */
function refusal(bytes: Uint8Array): string {
  try {
    decodePng(bytes, "a.png");
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error("the image was accepted");
}

describe.each(kinds.flatMap(([colour, depths]) => depths.map((depth) => [colour, depth] as const)))(
  "pictures of colour type %i with %i bits",
  (colour, depth) => {
    test.each([false, true])(
      "give their samples, interlaced: %s, through every filter, at every small size",
      (woven) => {
        for (const [width, height] of [
          [1, 1],
          [2, 9],
          [5, 3],
          [8, 8],
          [17, 6],
          [33, 1],
        ] as const) {
          const picture = random(colour, depth, width, height, woven);
          const { header: found, samples } = decodePng(writePng(picture), "a.png");
          expect(found).toEqual({ width, height, depth, colour, isInterlaced: woven });
          expect([...samples], `${width} x ${height}`).toEqual(picture.samples);
        }
      },
    );
  },
);

test("another decoder reads the same from files of eight and sixteen bits", () => {
  for (const [colour, depth] of [
    [0, 8],
    [0, 16],
    [2, 8],
    [2, 16],
    [4, 8],
    [4, 16],
    [6, 8],
    [6, 16],
  ] as const) {
    for (const woven of [false, true]) {
      const file = writePng(random(colour, depth, 13, 11, woven));
      expect([...decodePng(file, "a.png").samples]).toEqual([...decode(file).data]);
    }
  }
});

test("pixels may be in several chunks, with texts and profiles around them, which nobody unpacks", () => {
  const packed = deflateSync(rowsOf(grey));
  const bomb = chunk("iCCP", Buffer.concat([Buffer.from("icc\0\0"), deflateSync(new Uint8Array(2 ** 24))]));
  const data = [packed.subarray(0, 3), packed.subarray(3, 3), packed.subarray(3)].map((part) => chunk("IDAT", part));
  const file = Buffer.concat([
    signature,
    header(grey),
    bomb,
    ...data,
    chunk("tEXt", Buffer.from("a\0b")),
    chunk("IEND"),
  ]);
  expect([...decodePng(file, "a.png").samples]).toEqual(grey.samples);
});

test("refuses every truncation, and where the file ends in the middle of a chunk says so", () => {
  for (const picture of [grey, random(3, 2, 5, 5, true)]) {
    const whole = writePng(picture);
    for (let length = 0; length < whole.length; length++) refusal(whole.subarray(0, length));
  }
  const whole = writePng(grey);
  expect(refusal(whole.subarray(0, -1))).toBe(
    `a.png: at byte ${whole.length - 1}: expected ${whole.length} bytes or more, got ${whole.length - 1}. The image is truncated: save it again.`,
  );
});

test("refuses every change of a single bit", () => {
  const whole = writePng(random(6, 8, 3, 3));
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const changed = Buffer.from(whole);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    refusal(changed);
  }
});

const packed = (length: number) => deflateSync(new Uint8Array(length));
const parts = (...chunks: Buffer[]) => Buffer.concat([signature, ...chunks]);
const ihdr = header(grey);
const idat = chunk("IDAT", deflateSync(rowsOf(grey)));
const iend = chunk("IEND");
const coloured = header({ ...grey, colour: 3, depth: 1 });
const plte = chunk("PLTE", new Uint8Array(6));
const text = chunk("tEXt");

test.each([
  ["another kind of file", Buffer.from("GIF89a"), "at byte 0: expected a PNG image"],
  ["a file without header", parts(idat, iend), "at byte 8: expected IHDR of 13 bytes first, got IDAT"],
  [
    "no pixels along a side",
    writePng({ ...grey, height: 0 }),
    "at byte 16: expected a picture of 1 to 4096 pixels along each side, got 3x0",
  ],
  [
    "too many",
    parts(header({ ...grey, width: 2 ** 31 }), iend),
    "at byte 16: expected a picture of 1 to 4096 pixels along each side, got 2147483648x2",
  ],
  [
    "an impossible depth",
    writePng({ ...grey, depth: 4, colour: 2, samples: Array(18).fill(0) }),
    "at byte 24: expected a kind of picture that PNG has, got 4 bits of the colour type 2",
  ],
  [
    "an unknown method",
    parts(chunk("IHDR", Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 1, 0)), idat, iend),
    "at byte 26: expected the methods 0, 0 and 0 or 1 of PNG, got 0, 1 and 0",
  ],
  ["a second header", parts(ihdr, ihdr, idat, iend), "at byte 33: expected no IHDR here"],
  ["no pixels", parts(ihdr, iend), "expected pixels, got none"],
  [
    "pixels that something comes between",
    parts(ihdr, idat, text, idat, iend),
    `at byte ${33 + idat.length + 12}: expected no IDAT here`,
  ],
  ["a palette behind the pixels", parts(ihdr, idat, plte, iend), "expected no PLTE here"],
  ["a palette of grey", parts(ihdr, plte, idat, iend), "expected no PLTE here"],
  [
    "a palette of half a colour",
    parts(coloured, chunk("PLTE", new Uint8Array(4)), idat, iend),
    "expected no PLTE here, or one of another length",
  ],
  [
    "more colours than the bits can name",
    parts(coloured, chunk("PLTE", new Uint8Array(9)), idat, iend),
    "expected no PLTE here",
  ],
  [
    "pixels of a palette that is not there",
    parts(coloured, idat, iend),
    "at byte 33: expected a palette before the pixels",
  ],
  [
    "more opacities than colours",
    parts(coloured, plte, chunk("tRNS", new Uint8Array(3)), idat, iend),
    "expected no tRNS here",
  ],
  ["opacities of an odd length", parts(ihdr, chunk("tRNS", new Uint8Array(3)), idat, iend), "expected no tRNS here"],
  [
    "a colour beyond the palette",
    writePng({ ...grey, colour: 3, palette: new Uint8Array(9), samples: [0, 1, 2, 2, 3, 0] }),
    "a.png: expected a colour of the palette, which has 3, got 3 at pixel 4",
  ],
  [
    "an unknown chunk that matters",
    parts(ihdr, chunk("NEWS"), idat, iend),
    "at byte 33: expected chunks that every PNG image may have, got NEWS",
  ],
  ["a chunk without a proper name", parts(ihdr, chunk("T\0\0\0"), idat, iend), "got a chunk without a proper name"],
  [
    "a text of 9 MB",
    parts(ihdr, chunk("tEXt", new Uint8Array(9_000_000)), idat, iend),
    "at byte 33: expected at most 8000000 bytes of tEXt, got 9000000",
  ],
  [
    "anything behind the end",
    parts(ihdr, idat, iend, text),
    "expected the end of the file behind IEND, got 12 more bytes",
  ],
  ["an end that holds something", parts(ihdr, idat, chunk("IEND", Uint8Array.of(1))), "expected no IEND here"],
  ["too few pixels", writePng(grey, packed(7)), "a.png: expected 8 bytes of pixels, got 7"],
  ["too many pixels", writePng(grey, packed(9)), "a.png: expected 8 bytes of pixels, got more"],
  ["a bomb", writePng(grey, packed(2 ** 26)), "a.png: expected 8 bytes of pixels, got more"],
  [
    "pixels that are not packed",
    writePng(grey, Buffer.alloc(8)),
    "a.png: expected 8 bytes of pixels, got damaged data",
  ],
  [
    "something behind the packed pixels",
    writePng(grey, Buffer.concat([packed(8), Buffer.alloc(2)])),
    "expected nothing behind the packed pixels",
  ],
  [
    "an unknown filter",
    writePng({ ...grey, filter: () => 5 }, deflateSync(Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0))),
    "a.png: expected a filter from 0 to 4, got 5",
  ],
])("refuses %s", (_, file, message) => {
  expect(refusal(file)).toContain(message);
});

test("pixels in several chunks are moved together in place, and those of 16 bits turned there: memory has them once", () => {
  const picture = random(0, 16, 40, 30);
  const packed = deflateSync(rowsOf(picture));
  const cuts = [0, 5, 5, 100, packed.length];
  const data = cuts.slice(1).map((end, i) => chunk("IDAT", packed.subarray(cuts[i], end)));
  const whole = Buffer.concat([signature, header(picture), ...data, iend]);
  const odd = Buffer.alloc(whole.length + 3).subarray(3);
  whole.copy(odd);
  for (const bytes of [Buffer.from(whole), odd]) {
    expect([...decodePng(bytes, "a.png").samples]).toEqual(picture.samples);
  }
  const { packed: found } = readPngParts(whole, "a.png");
  expect(found.buffer === whole.buffer).toBe(true);
  expect(Buffer.compare(found, packed)).toBe(0);
});

describe("a flood of chunks", () => {
  const empty = chunk("IDAT");
  const flood = (count: number) => Buffer.alloc(count * empty.length, empty);
  const flooded = (before: number, behind: number) => parts(ihdr, flood(before), idat, flood(behind), iend);

  test("of no pixels is passed over, nothing of it kept or copied", () => {
    const file = flooded(1000, 1000);
    expect([...decodePng(file, "a.png").samples]).toEqual(grey.samples);
    const { packed } = readPngParts(file, "a.png");
    expect(packed.buffer === file.buffer).toBe(true);
    expect(packed.length).toBe(idat.length - 12);
  });

  test("of more than 65,536 is refused where it has become that", () => {
    expect([...decodePng(flooded(60_000, 65_536 - 3 - 60_000), "a.png").samples]).toEqual(grey.samples);
    const file = flooded(1_000_000, 0);
    expect(refusal(file)).toContain(
      `at byte ${8 + ihdr.length + (65_536 - 1) * empty.length}: expected at most 65536 chunks, got more. Save it again.`,
    );
  });
});

test("a wrong checksum is told with the right one", () => {
  const file = writePng(grey);
  file[29]! ^= 1;
  const right = crc32(file.subarray(12, 29)).toString(16).padStart(8, "0");
  expect(refusal(file)).toMatch(new RegExp(`at byte 29: expected the checksum ${right} of IHDR, got [0-9a-f]{8}`));
});

describe("grey levels", () => {
  const levels = (picture: Picture) => [...greyLevels(decodePng(writePng(picture), "a.png"))];
  const one = { width: 1, height: 1, depth: 8 } as const;
  const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));

  test("of grey pictures are their samples over the largest there can be", () => {
    for (const depth of [1, 2, 4, 8, 16]) {
      const most = 2 ** depth - 1;
      const samples = [0, 1, most >> 1, most];
      expect(levels({ width: 4, height: 1, depth, colour: 0, samples })).toEqual(near(samples.map((x) => x / most)));
    }
  });

  test("of colours are 0.299 R + 0.587 G + 0.114 B, from pixels and from a palette", () => {
    const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 20, 30];
    const expected = near([0.299, 0.587, 0.114, 1, (2.99 + 11.74 + 3.42) / 255]);
    expect(levels({ width: 5, height: 1, depth: 8, colour: 2, samples: colours })).toEqual(expected);
    const palette = Uint8Array.from(colours);
    expect(levels({ width: 5, height: 1, depth: 4, colour: 3, samples: [0, 1, 2, 3, 4], palette })).toEqual(expected);
  });

  test("of what is transparent are those on white paper, however it is stored", () => {
    const half = 128 / 255;
    expect(levels({ ...one, colour: 4, samples: [0, 128] })).toEqual(near([1 - half]));
    expect(levels({ ...one, colour: 6, samples: [0, 0, 255, 128] })).toEqual(near([0.114 * half + 1 - half]));
    const colour = Uint8Array.of(0, 0, 255);
    const palette = { ...one, colour: 3, samples: [0], palette: colour };
    expect(levels({ ...palette, transparency: Uint8Array.of(128) })).toEqual(near([0.114 * half + 1 - half]));
    const key = { width: 2, height: 1, depth: 16, colour: 0, samples: [258, 514] };
    expect(levels({ ...key, transparency: Uint8Array.of(1, 2) })).toEqual(near([1, 514 / 65_535]));
    const rgb = { ...one, width: 2, colour: 2, samples: [1, 2, 3, 1, 2, 4] };
    const [clear, kept] = levels({ ...rgb, transparency: Uint8Array.of(0, 1, 0, 2, 0, 3) });
    expect([clear, kept]).toEqual(near([1, (0.299 + 1.174 + 0.456) / 255]));
  });
});

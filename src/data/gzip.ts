import { constants, gunzipSync } from "node:zlib";
import { InputError } from "../errors.ts";

/** What `gunzipSync` returns with `info: true`, which its type does not tell. */
interface Unpacked {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** Files of up to 1 MiB may unpack to that, larger results only to so many times the size of their file. */
const [freeBytes, maxRatio] = [2 ** 20, 200];
/** How many bytes a packed one can hold: 258 in two bits. */
export const deflateRatio = 1032;
/** Packed bytes whose content the beginning of a file is: they unpack to 4 MB at the very most. */
const startBytes = 4096;

/**
 * Unpacks a gzip file of one member. Throws an `InputError` where it is damaged or truncated, where anything follows its end, or where it
 * would unpack to more than `maxBytes` or, beyond 1 MiB, to more than 200 times its size; never holds more than that in memory.
 */
export function gunzip(bytes: Uint8Array, file: string, maxBytes: number): Uint8Array {
  requireMagic(bytes, file);
  const { buffer, engine } = unpack(bytes, file, maxBytes);
  requireOneMember(bytes, file, engine.bytesWritten, buffer.length);
  return buffer;
}

/** The first bytes of the content, of which there may be few where the file is damaged further on; for headers. Throws an `InputError`. */
export function gunzipStart(bytes: Uint8Array, file: string): Uint8Array {
  requireMagic(bytes, file);
  try {
    return gunzipSync(bytes.subarray(0, startBytes), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw damaged(file, error as Error);
  }
}

function requireMagic(bytes: Uint8Array, file: string): void {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return;
  const found = bytes.length < 2 ? `${bytes.length} bytes` : Buffer.from(bytes.subarray(0, 2)).toString("hex");
  throw new InputError(file, `expected gzip data, which starts with 1f8b, got ${found}. Fetch the file again.`, 0);
}

const damaged = (file: string, { message }: Error) =>
  new InputError(file, `expected whole gzip data, got damaged data (${message}). Fetch the file again.`);

function unpack(bytes: Uint8Array, file: string, maxBytes: number): Unpacked {
  const most = Math.min(maxBytes, Math.max(freeBytes, maxRatio * bytes.length));
  try {
    // With room for all that it can hold and a byte more, one piece of memory is enough.
    const chunkSize = Math.max(64, Math.min(most, deflateRatio * bytes.length) + 1);
    const options = { maxOutputLength: most, chunkSize, info: true };
    return gunzipSync(bytes, options) as unknown as Unpacked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw damaged(file, error as Error);
    const why = most < maxBytes ? `, ${maxRatio} times what it has` : "";
    const advice = most < maxBytes ? "Unpack it with gunzip, if you trust it" : "Fetch the file again";
    throw new InputError(file, `expected at most ${most} bytes when unpacked${why}, got more. ${advice}.`);
  }
}

/** zlib passes over zeros after the end and joins members, but the last four bytes tell the size of the last member alone. */
function requireOneMember(bytes: Uint8Array, file: string, readBytes: number, unpackedBytes: number): void {
  if (readBytes !== bytes.length) {
    const problem = `expected the end of the file, got ${bytes.length - readBytes} more bytes`;
    throw new InputError(file, `${problem}. Remove the trailing data, or fetch the file again.`, readBytes);
  }
  const declaredBytes = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  if (declaredBytes !== unpackedBytes % 2 ** 32) {
    const problem = `expected one gzip member of ${declaredBytes} bytes, got ${unpackedBytes} bytes in several`;
    throw new InputError(file, `${problem}. Pack the file again as one member.`);
  }
}

import { gunzipSync } from "node:zlib";
import { InputError } from "../errors.ts";

/** What `gunzipSync` returns with `info: true`, which its type does not tell. */
interface Unpacked {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * Unpacks a gzip file of one member. Throws an `InputError` where it is damaged or truncated, where anything follows its end, or where it
 * would unpack to more than `maxBytes`; never holds much more than that in memory.
 */
export function gunzip(bytes: Uint8Array, file: string, maxBytes: number): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    const found = bytes.length < 2 ? `${bytes.length} bytes` : Buffer.from(bytes.subarray(0, 2)).toString("hex");
    throw new InputError(file, `expected gzip data, which starts with 1f8b, got ${found}. Fetch the file again.`, 0);
  }
  const { buffer, engine } = unpack(bytes, file, maxBytes);
  requireOneMember(bytes, file, engine.bytesWritten, buffer.length);
  return buffer;
}

function unpack(bytes: Uint8Array, file: string, maxBytes: number): Unpacked {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes, info: true }) as unknown as Unpacked;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new InputError(file, `expected at most ${maxBytes} bytes when unpacked, got more. Fetch the file again.`);
    }
    throw new InputError(file, `expected whole gzip data, got damaged data (${message}). Fetch the file again.`);
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

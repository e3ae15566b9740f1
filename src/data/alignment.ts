/**
 * The bytes from `begin` on, at a place where numbers of `size` bytes can be seen as what they are. Where they do not lie at one they are moved in place, over
 * the last bytes before them, so that memory never has them twice.
 */
export function aligned(bytes: Uint8Array, begin: number, size: number): Uint8Array<ArrayBuffer> {
  const beyond = (bytes.byteOffset + begin) % size;
  if (beyond > begin) throw new Error(`internal: expected ${beyond} bytes before the numbers, got ${begin}.`);
  if (beyond > 0) bytes.copyWithin(begin - beyond, begin);
  const length = bytes.length - begin;
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + begin - beyond, length);
}

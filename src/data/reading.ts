import { StorageError } from "../errors.ts";

/** What a file operation gives. Throws a `StorageError` that names the path where it fails. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new StorageError(path, `expected a readable file, got ${message}. Check its permissions.`, { cause: error });
  }
}

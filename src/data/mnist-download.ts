import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { InputError, StorageError } from "../errors.ts";
import {
  cacheFolder,
  type Environment,
  findMnist,
  listFiles,
  type MnistFile,
  readMnistFile,
  verifyMnistFile,
} from "./mnist.ts";

/** Public copies of the four packed files; yann.lecun.com, the source, no longer serves them. */
export const mnistMirrors: readonly string[] = [
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
];

/** How much of a file has come. */
export interface DownloadProgress {
  readonly file: string;
  readonly receivedBytes: number;
  /** Undefined where the mirror does not say. */
  readonly totalBytes: number | undefined;
}

/** From where to where, and who is told. */
export interface DownloadOptions {
  /** Addresses that end in a slash, tried in this order for each file. */
  mirrors?: readonly string[];
  /** The files go to `mnist` in this folder. */
  cache?: string;
  onProgress?: (progress: DownloadProgress) => void;
  /** How long a mirror may send nothing. */
  timeoutMs?: number;
  fetch?: typeof globalThis.fetch;
  files?: readonly MnistFile[];
}

type Connection = Required<Pick<DownloadOptions, "onProgress" | "timeoutMs" | "fetch">>;

/** The largest packed file has about 10 MB. */
const maxDownloadBytes = 32 * 2 ** 20;

/** The folder of MNIST: as `findMnist` finds it, else downloaded. Throws what `findMnist` and `downloadMnist` throw. */
export async function ensureMnist({
  env = process.env,
  ...options
}: DownloadOptions & { env?: Environment } = {}): Promise<string> {
  return findMnist(env)?.folder ?? (await downloadMnist({ cache: cacheFolder(env), ...options }));
}

/**
 * Downloads those files of MNIST that are not in the cache already and returns their folder. A file appears there only whole and checked.
 * Throws an `InputError` where no mirror gives the original file, and a `StorageError` where it cannot be written.
 */
export async function downloadMnist({
  cache = cacheFolder(),
  mirrors = mnistMirrors,
  files = listFiles(),
  onProgress = () => {},
  timeoutMs = 15_000,
  fetch = globalThis.fetch,
}: DownloadOptions = {}): Promise<string> {
  const folder = join(cache, "mnist");
  const connection = { onProgress, timeoutMs, fetch };
  for (const file of files) {
    const path = join(folder, `${file.name}.gz`);
    if (isIntact(path, file)) continue;
    const bytes = await fetchFromAny(mirrors, file, (url) => fetchFile(url, file.name, connection));
    await writeWhole(folder, path, bytes);
  }
  return folder;
}

function isIntact(path: string, file: MnistFile): boolean {
  try {
    return readMnistFile(path, file).length > 0;
  } catch (error) {
    if (error instanceof InputError || error instanceof StorageError) return false;
    throw error;
  }
}

async function fetchFromAny(
  mirrors: readonly string[],
  file: MnistFile,
  get: (url: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const mirror of mirrors) {
    const url = `${mirror}${file.name}.gz`;
    try {
      const bytes = await get(url);
      verifyMnistFile(bytes, url, file, "The mirror holds another file, or the line changed it.");
      return bytes;
    } catch (error) {
      failures.push(error instanceof InputError ? error.message : `${url}: ${reason(error)}`);
    }
  }
  const advice =
    "Put the four .gz files of MNIST in FOLDER/mnist and set COORDESCENT_DATA=FOLDER, or train with `--data strokes`.";
  throw new InputError("mnist", [`${file.name}.gz could not be downloaded.`, ...failures, advice].join("\n  "));
}

/** `fetch` says only "fetch failed" and puts the reason into the cause. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  if (!(cause instanceof Error)) return message;
  return cause.message || String((cause as NodeJS.ErrnoException).code);
}

async function fetchFile(url: string, file: string, options: Connection): Promise<Uint8Array> {
  const { onProgress, timeoutMs, fetch } = options;
  const abort = new AbortController();
  const idle = setTimeout(() => abort.abort(new Error(`no data for ${timeoutMs / 1000} seconds`)), timeoutMs);
  try {
    const response = await fetch(url, { signal: abort.signal, headers: { "accept-encoding": "identity" } });
    if (!response.ok) throw new InputError(url, `expected HTTP status 200, got ${response.status}.`);
    const length = response.headers.get("content-length");
    const totalBytes = length === null ? undefined : Number(length);
    return await readBody(response, url, (receivedBytes) => {
      idle.refresh();
      onProgress({ file, receivedBytes, totalBytes });
    });
  } finally {
    clearTimeout(idle);
    abort.abort(); // closes the connection where the body was not read to its end
  }
}

async function readBody(
  response: Response,
  url: string,
  onReceived: (receivedBytes: number) => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  for await (const chunk of response.body ?? []) {
    receivedBytes += chunk.length;
    if (receivedBytes > maxDownloadBytes) {
      throw new InputError(url, `expected at most ${maxDownloadBytes} bytes, got more.`, maxDownloadBytes);
    }
    chunks.push(chunk);
    onReceived(receivedBytes);
  }
  return Buffer.concat(chunks);
}

/** Writes a file so that its name shows either nothing or the whole content, even if the machine stops halfway. */
async function writeWhole(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // the first error is the one to tell
    const problem = `expected a writable place, got ${(error as Error).message}`;
    throw new StorageError(path, `${problem}. Set XDG_CACHE_HOME to a folder that can be written.`, { cause: error });
  }
}

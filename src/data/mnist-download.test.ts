import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError, StorageError } from "../errors.ts";
import { stream, word } from "../random.ts";
import { type DownloadOptions, type DownloadProgress, downloadMnist, ensureMnist } from "./mnist-download.ts";

/** A file that does not compress, so that it travels in several pieces. */
const source = stream(3, "download");
const content = Uint8Array.from({ length: 200_000 }, (_, i) => word(source, 0, i));
const packed = gzipSync(content);
const entry = (name: string, bytes: Uint8Array) => ({
  name,
  sizeBytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});
const file = entry("digits", content);

let cache: string;
let servers: Server[] = [];
let asked: string[] = [];

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "coordescent-download-"));
  asked = [];
});
afterEach(async () => {
  rmSync(cache, { recursive: true });
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  servers = [];
});

/** Starts a mirror and returns its address; `asked` gathers the paths asked of all mirrors. */
async function mirror(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    asked.push(request.url!);
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mnist/`;
}

const serve =
  (bytes: Uint8Array): RequestListener =>
  (_, response) =>
    response.writeHead(200, { "content-length": bytes.length }).end(bytes);
const notFound: RequestListener = (_, response) => response.writeHead(404).end("no such file");

/** A mirror where nobody listens. */
async function deadMirror(): Promise<string> {
  const address = await mirror(notFound);
  await new Promise((done) => servers.pop()!.close(done));
  return address;
}

const download = (mirrors: string[], options: DownloadOptions = {}) =>
  downloadMnist({ mirrors, cache, files: [file], ...options });

const filesInCache = () => (existsSync(join(cache, "mnist")) ? readdirSync(join(cache, "mnist")) : []);

/** The text of the refusal, ports taken out; checks that no file was left. */
async function refusal(result: Promise<string>): Promise<string> {
  const error = await result.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  expect(filesInCache()).toEqual([]);
  return (error as Error).message.replaceAll(/127\.0\.0\.1:\d+/g, "HOST");
}

test("downloads a file into the cache, whole and under its name", async () => {
  const folder = await download([await mirror(serve(packed))]);
  expect(folder).toBe(join(cache, "mnist"));
  expect(filesInCache()).toEqual(["digits.gz"]);
  expect(readFileSync(join(folder, "digits.gz")).equals(packed)).toBe(true);
  expect(asked).toEqual(["/mnist/digits.gz"]);
});

test("reports progress up to the whole size", async () => {
  const seen: DownloadProgress[] = [];
  await download([await mirror(serve(packed))], { onProgress: (progress) => seen.push(progress) });
  const received = seen.map(({ receivedBytes }) => receivedBytes);
  expect(received).toEqual(received.toSorted((a, b) => a - b));
  expect(received.length).toBeGreaterThan(1);
  expect(seen.at(-1)).toEqual({ file: "digits", receivedBytes: packed.length, totalBytes: packed.length });
});

test("does without a declared size", async () => {
  const seen: DownloadProgress[] = [];
  const address = await mirror((_, response) => response.writeHead(200).end(packed));
  await download([address], { onProgress: (progress) => seen.push(progress) });
  expect(seen.at(-1)).toEqual({ file: "digits", receivedBytes: packed.length, totalBytes: undefined });
});

test("fetches only what the cache lacks or holds damaged", async () => {
  const address = await mirror(serve(packed));
  await download([address]);
  await download([address]);
  expect(asked).toHaveLength(1);
  writeFileSync(join(cache, "mnist", "digits.gz"), packed.subarray(0, 1000));
  await download([address]);
  expect(asked).toHaveLength(2);
  expect(readFileSync(join(cache, "mnist", "digits.gz")).equals(packed)).toBe(true);
});

test.each<[string, RequestListener]>([
  ["lacks the file", notFound],
  ["serves another file", serve(gzipSync("other"))],
  ["serves a web page", serve(Buffer.from("<html>Please log in</html>"))],
  ["stops halfway", serve(packed.subarray(0, 9999))],
  [
    "drops the connection",
    (_, response) => {
      response.writeHead(200, { "content-length": packed.length }).write(packed.subarray(0, 9999));
      setTimeout(() => response.destroy(), 20);
    },
  ],
])("goes on to the next mirror when one %s", async (_, answer) => {
  await download([await mirror(answer), await mirror(serve(packed))]);
  expect(filesInCache()).toEqual(["digits.gz"]);
  expect(asked).toHaveLength(2);
});

test("names every mirror, its failure, and the way without a network", async () => {
  expect(await refusal(download([await mirror(notFound), await deadMirror()]))).toMatchInlineSnapshot(`
    "mnist: digits.gz could not be downloaded.
      http://HOST/mnist/digits.gz: expected HTTP status 200, got 404.
      http://HOST/mnist/digits.gz: connect ECONNREFUSED HOST
      Put the four .gz files of MNIST in FOLDER/mnist and set COORDESCENT_DATA=FOLDER, or train with \`--data strokes\`."
  `);
});

test("names both checksums where a mirror serves another file", async () => {
  const other = content.with(0, content[0]! ^ 1);
  const message = await refusal(download([await mirror(serve(gzipSync(other)))]));
  expect(message).toContain(file.sha256);
  expect(message).toContain(entry("", other).sha256);
});

test("refuses a file that stops halfway, declared or not", async () => {
  const half = packed.subarray(0, 100_000);
  expect(await refusal(download([await mirror(serve(half))]))).toMatch(/got damaged data \(unexpected end of file\)/);
  const undeclared = await mirror((_, response) => response.writeHead(200).end(half));
  expect(await refusal(download([undeclared]))).toMatch(/got damaged data/);
});

test("stops a mirror that sends without end", async () => {
  const piece = new Uint8Array(2 ** 20);
  const address = await mirror((_, response) => {
    const send = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", send);
    send();
  });
  expect(await refusal(download([address]))).toMatch(/expected at most 33554432 bytes, got more/);
});

test("gives up a mirror that falls silent, before or after the first bytes", async () => {
  const silent = await mirror(() => {});
  const stalling = await mirror((_, response) => void response.writeHead(200).write(packed.subarray(0, 5000)));
  const message = await refusal(download([silent, stalling], { timeoutMs: 100 }));
  expect(message.match(/no data for 0\.1 seconds/g)).toHaveLength(2);
});

test("waits for a slow mirror that keeps sending", async () => {
  const address = await mirror((_, response) => {
    let sent = 0;
    const timer = setInterval(() => {
      response.write(packed.subarray(sent, sent + 20_000));
      sent += 20_000;
      if (sent < packed.length) return;
      clearInterval(timer);
      response.end();
    }, 60);
  });
  await download([address], { timeoutMs: 500 }); // 11 pieces take longer than that
  expect(filesInCache()).toEqual(["digits.gz"]);
});

test("keeps the files it has when a later one fails", async () => {
  const files = [file, entry("missing", Uint8Array.of(1))];
  const address = await mirror((request, response) =>
    request.url!.includes("missing") ? notFound(request, response) : serve(packed)(request, response),
  );
  await expect(download([address], { files })).rejects.toThrow(/missing\.gz could not be downloaded/);
  expect(filesInCache()).toEqual(["digits.gz"]);
});

test("leaves no temporary file where the name cannot be taken", async () => {
  mkdirSync(join(cache, "mnist", "digits.gz"), { recursive: true });
  const result = download([await mirror(serve(packed))]);
  await expect(result).rejects.toThrow(StorageError);
  await expect(result).rejects.toThrow(/digits\.gz: expected a writable place, got /);
  expect(filesInCache()).toEqual(["digits.gz"]);
});

test("says where it cannot write", async () => {
  writeFileSync(join(cache, "mnist"), "a file where the folder should be");
  await expect(download([await mirror(serve(packed))])).rejects.toThrow(
    /expected a writable place, got (ENOTDIR|EEXIST)/,
  );
});

test("downloads only where MNIST is not found", async () => {
  const address = await mirror(serve(packed));
  const env = { XDG_CACHE_HOME: cache };
  expect(await ensureMnist({ env, mirrors: [address], files: [file] })).toBe(join(cache, "coordescent", "mnist"));
  expect(asked).toHaveLength(1);
  await expect(ensureMnist({ env: { COORDESCENT_DATA: cache }, mirrors: [address] })).rejects.toThrow(/none of them/);
  expect(asked).toHaveLength(1);
});

import { createRequire } from "node:module";

/** Settings of the C library of Linux, by their numbers in malloc.h: bytes from which a block goes back to the system when it is freed, and places in which threads look for memory. */
const settings = { mmapThreshold: [-3, 128 * 1024], arenaMax: [-8, 2] } as const;

/**
 * Has the C library give memory back. It begins with returning blocks of more than 128 KiB, but takes a larger block for a small one from then on when one has been freed, and keeps it; and each thread, those that compile JavaScript
 * among them, gets a place of its own for small ones. A training that makes pictures and probes now and then would grow for thousands of iterations (docs/reliability.md). The sooner it is called, the fewer places there are.
 */
export function settleAllocator(): void {
  if (process.platform !== "linux") return;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    const mallopt = koffi.load(null).func("mallopt", "int", ["int", "int"]);
    for (const setting of Object.values(settings)) mallopt(...setting);
  } catch {
    // no koffi, or another C library, without these settings
  }
}

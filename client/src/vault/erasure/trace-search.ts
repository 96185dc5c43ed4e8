import { closeSync, openSync, readSync, statSync } from 'node:fs';

const chunkBytes = 8 * 1024 * 1024;
const prefixBits = 24;
const prefixBytes = 3;
const longest = 64;

export interface TraceSearch {
  /** Bytes that were read. */
  readonly bytes: number;
  /** Places at which one of the traces was found. */
  readonly found: number;
}

/**
 * Looks for byte strings in the files of a vault: in whatever SQLite uses, has freed or never cleared.
 *
 * Not while this process has the vault open: closing a file gives up the locks that SQLite holds on it (POSIX).
 *
 * @param traces of 3 to 64 bytes
 */
export function searchTraces(
  paths: readonly string[],
  traces: readonly Buffer[],
  onProgress?: (bytes: number, total: number) => void,
): TraceSearch {
  // Most positions are told to be none by one bit; only the others look up what might begin there.
  const begins = new Uint8Array(2 ** prefixBits / 8);
  const byPrefix = new Map<number, Buffer[]>();
  for (const trace of traces) {
    const prefix = trace.readUIntBE(0, prefixBytes);
    begins[prefix >>> 3] = (begins[prefix >>> 3] ?? 0) | (1 << (prefix & 7));
    const same = byPrefix.get(prefix);
    if (same === undefined) byPrefix.set(prefix, [trace]);
    else same.push(trace);
  }
  const total = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  let bytes = 0;
  let found = 0;
  for (const path of paths) {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
    for (const chunk of chunksOf(path)) {
      bytes += chunk.fresh;
      found += countIn(chunk.bytes, chunk.searched, begins, byPrefix);
      onProgress?.(bytes, total);
    }
  }
  return { bytes, found };
}

function countIn(bytes: Buffer, end: number, begins: Uint8Array, byPrefix: ReadonlyMap<number, Buffer[]>): number {
  let found = 0;
  for (let at = 0; at < end; at++) {
    const prefix = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (((begins[prefix >>> 3] ?? 0) & (1 << (prefix & 7))) === 0) continue;
    for (const trace of byPrefix.get(prefix) ?? []) {
      if (bytes.subarray(at, at + trace.length).equals(trace)) found += 1;
    }
  }
  return found;
}

/** Pieces that overlap by the longest trace; a trace is looked for from the first `searched` positions of each. */
function* chunksOf(path: string): Generator<{ bytes: Buffer; searched: number; fresh: number }> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(chunkBytes + longest);
    let kept = 0;
    for (;;) {
      const read = readSync(file, buffer, kept, chunkBytes, null);
      const length = kept + read;
      const searched = read === 0 ? length : Math.max(0, length - longest);
      // Behind the end there are zeros of the buffer, not bytes of the chunk before.
      yield { bytes: buffer.subarray(0, length), searched, fresh: read };
      if (read === 0) return;
      buffer.copyWithin(0, searched, length);
      kept = length - searched;
    }
  } finally {
    closeSync(file);
  }
}

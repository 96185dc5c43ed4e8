import { extname } from 'node:path';

/** How a file is compressed as a whole. */
export const compressions = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** What a file's name says; `none` where it says nothing. */
export function compressionByName(path: string): Compression {
  const extension = extname(path).toLowerCase();
  if (extension === '.gz') return 'gzip';
  return extension === '.zst' || extension === '.zstd' ? 'zstd' : 'none';
}

/** What a file's first bytes say (RFC 1952, RFC 8878); `none` for anything else. */
export function compressionByMagic(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  const isZstd = start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd;
  // A file may begin with frames that are to be skipped, as those of pzstd do.
  const isSkippable = ((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
  return isZstd || isSkippable ? 'zstd' : 'none';
}

/** A name without the extension of its compression. */
export function withoutCompression(path: string): string {
  return compressionByName(path) === 'none' ? path : path.slice(0, -extname(path).length);
}

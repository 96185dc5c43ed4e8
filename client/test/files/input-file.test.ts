import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInputFile } from '../../src/files/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-input-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a file of a few chunks, and does something to it behind the first. */
async function read(meanwhile: (path: string) => void): Promise<number> {
  const path = join(folder, 'in.csv');
  writeFileSync(path, Buffer.alloc(4 << 20, 'x'));
  let bytes = 0;
  for await (const chunk of (await openInputFile(path)).source) {
    if (bytes === 0) meanwhile(path);
    bytes += chunk.length;
  }
  return bytes;
}

describe('an input file', () => {
  it('is read whole', async () => {
    expect(await read(() => undefined)).toBe(4 << 20);
  });

  it.each([
    ['longer', (path: string) => appendFileSync(path, 'more')],
    ['shorter', (path: string) => truncateSync(path, 1 << 20)],
  ])('is refused when it becomes %s while it is read', async (_, change) => {
    await expect(read(change)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: 'The input was changed while it was read',
    });
  });
});

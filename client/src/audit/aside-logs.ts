import { createHash, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BeginEvent, openLine } from './log-line.ts';
import { readLogBytes } from './read-log-bytes.ts';

/** A log that was put aside when this one, or one of those after it, was begun. */
export interface AsideLog {
  /** In the folder of the log. */
  readonly file: string;
  readonly state: 'as it was' | 'missing' | 'changed';
}

/** Follows the digests from a log's first line to the logs before it, as far as they lie beside it. */
export async function asideLogs(
  key: KeyObject,
  folder: string,
  latest: BeginEvent['predecessor'],
): Promise<readonly AsideLog[]> {
  const found: AsideLog[] = [];
  for (let next = latest; next !== undefined; ) {
    const file = basename(next.file);
    const path = join(folder, file);
    if (!existsSync(path)) return [...found, { file, state: 'missing' }];
    const { sha256, begin } = await readAside(key, path);
    if (sha256 !== next.sha256) return [...found, { file, state: 'changed' }];
    found.push({ file, state: 'as it was' });
    next = begin?.predecessor;
  }
  return found;
}

/** Digest of a log and, unless somebody damaged it before it was put aside, its first line. */
async function readAside(key: KeyObject, path: string): Promise<{ sha256: string; begin: BeginEvent | undefined }> {
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  for await (const chunk of readLogBytes(path)) {
    hash.update(chunk);
    if (!head.includes(0x0a)) head = Buffer.concat([head, chunk]);
  }
  const line = openLine(key, head.toString('utf8', 0, Math.max(0, head.indexOf(0x0a))));
  return { sha256: hash.digest('hex'), begin: line?.event === 'begin' ? line : undefined };
}

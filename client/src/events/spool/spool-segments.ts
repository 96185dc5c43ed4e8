import { readdirSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { Segment, segmentHeaderBytes } from './segment.ts';

/** One file of the spool, and the events in it: from `first` on, before `next`. */
export interface SegmentRange {
  readonly number: number;
  readonly path: string;
  first: number;
  next: number;
  bytes: number;
}

export interface FoundSegments {
  /** In order. */
  readonly segments: readonly SegmentRange[];
  /** Of a frame at the end that was never finished. */
  readonly cutBytes: number;
  /** Text of the last frame. */
  readonly lastText: string | undefined;
}

const nameForm = /^(\d{16})\.segment$/;

export function isSegmentName(name: string): boolean {
  return nameForm.test(name);
}

export function segmentName(number: number): string {
  return `${String(number).padStart(16, '0')}.segment`;
}

export function spoolDamaged(path: string): IntegrityError {
  return new IntegrityError('spool-damaged', { details: { file: path } });
}

/**
 * Looks through the files of a spool. Only the last one can end in a frame that was not finished, as a kill or a power cut
 * leaves it: nothing of it was counted as taken, and it is cut off.
 *
 * @throws {IntegrityError} `spool-damaged` for anything else that isn't as it was written
 */
export async function findSegments(folder: string, masterKey: MasterKey, spoolId: string): Promise<FoundSegments> {
  const numbers = readdirSync(folder)
    .flatMap((name) => nameForm.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
  const segments: SegmentRange[] = [];
  let lastText: string | undefined;
  let cutBytes = 0;
  for (const [at, number] of numbers.entries()) {
    const path = join(folder, segmentName(number));
    const isLast = at === numbers.length - 1;
    const segment = await Segment.open(path, { masterKey, spoolId, number });
    if (segment === 'damaged' || (segment === undefined && !isLast)) throw spoolDamaged(path);
    if (segment === undefined) {
      await unlink(path);
      continue;
    }
    try {
      const before = segment.bytes;
      const found = isLast ? await openFrames(segment) : await walkFrames(segment);
      cutBytes = before - segment.bytes;
      const previous = segments.at(-1);
      const first = found.first ?? previous?.next;
      if (first !== undefined && previous !== undefined && first !== previous.next) throw spoolDamaged(path);
      lastText = found.lastText ?? lastText;
      segments.push({ number, path, first: first ?? 0, next: found.next ?? first ?? 0, bytes: segment.bytes });
    } finally {
      await segment.close();
    }
  }
  return { segments, cutBytes, lastText };
}

interface Walk {
  first: number | undefined;
  next: number | undefined;
  lastText?: string;
}

/** By the headers alone: frames are opened when they are read. The last one is opened for what it says of the input. */
async function walkFrames(segment: Segment): Promise<Walk> {
  const walk: Walk = { first: undefined, next: undefined };
  let last = segmentHeaderBytes;
  for (let offset = segmentHeaderBytes; ; ) {
    const header = await segment.headerAt(offset);
    if (header === 'damaged') throw spoolDamaged(segment.path);
    if (header === 'end') break;
    count(walk, header, segment);
    last = offset;
    offset = header.end;
  }
  const frame = await segment.read(last);
  if (frame === 'damaged') throw spoolDamaged(segment.path);
  return frame === 'end' ? walk : { ...walk, lastText: frame.text.toString('utf8') };
}

async function openFrames(segment: Segment): Promise<Walk> {
  const walk: Walk = { first: undefined, next: undefined };
  for (let offset = segmentHeaderBytes; ; ) {
    const frame = await segment.read(offset);
    if (frame === 'end') return walk;
    if (frame === 'damaged') {
      await cutUnfinished(segment, offset);
      return walk;
    }
    count(walk, frame, segment);
    walk.lastText = frame.text.toString('utf8');
    offset = frame.end;
  }
}

/** What follows a frame was only begun once that was on the disk: a whole frame behind a broken one means damage. */
async function cutUnfinished(segment: Segment, offset: number): Promise<void> {
  const header = await segment.headerAt(offset);
  if (typeof header !== 'string') {
    const following = await segment.read(header.end);
    if (typeof following !== 'string') throw spoolDamaged(segment.path);
  }
  await segment.cut(offset);
}

function count(walk: Walk, frame: { readonly first: number; readonly count: number }, segment: Segment): void {
  if (walk.next !== undefined && frame.first !== walk.next) throw spoolDamaged(segment.path);
  walk.first ??= frame.first;
  walk.next = frame.first + frame.count;
}

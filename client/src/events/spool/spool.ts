import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { InputError } from '@sdp/shared/errors';
import { outputFileError, syncFolder } from '../../files/index.ts';
import { type InputPosition, type Progress, ProgressFile } from './progress-file.ts';
import { RejectLog } from './reject-log.ts';
import { Segment, segmentHeaderBytes } from './segment.ts';
import { newSpoolIdentity, spoolIdentity } from './spool-identity.ts';
import { lockSpool } from './spool-lock.ts';
import {
  type FoundSegments,
  findSegments,
  isSegmentName,
  type SegmentRange,
  segmentName,
  spoolDamaged,
} from './spool-segments.ts';

export interface SpoolOptions {
  /** Made if it is not there. */
  readonly folder: string;
  readonly masterKey: MasterKey;
  /** What its segments may take on the disk. */
  readonly maxBytes: number;
  /** Fails instead of making a spool. */
  readonly mustExist?: boolean;
}

/** What is written with the events of a frame. */
export interface FrameNote {
  /** When the frame was made, in ms. */
  readonly at: number;
  /** How far the input was read with it. */
  readonly input?: InputPosition | undefined;
}

/** Events in order, one JSON text each. */
export interface WaitingEvents {
  /** Sequence number of the first. */
  readonly first: number;
  readonly lines: readonly string[];
}

/** What waits. */
export interface SpoolState {
  readonly events: number;
  readonly bytes: number;
  /** When the oldest of them was taken, in ms. */
  readonly oldestAt: number | undefined;
}

const largestSegment = 16 * 1024 * 1024;
const smallestSegment = 64 * 1024;

/**
 * Events that wait to be delivered, on the disk, sealed, in order. What {@link append} was given outlives a crash and a power
 * cut once it resolves. One process at a time.
 */
export class Spool {
  readonly id: string;
  readonly folder: string;
  readonly rejects: RejectLog;
  /** Bytes of a frame that a power cut had left unfinished, and that were cut off. */
  readonly cutBytes: number;
  readonly #options: SpoolOptions;
  readonly #unlock: () => void;
  readonly #progress: ProgressFile;
  /** In order; the last one is written to if it is {@link #writer}'s. */
  #segments: SegmentRange[];
  #writer: Segment | undefined;
  #reader: { readonly segment: Segment; offset: number } | undefined;
  /** Read and not yet settled, in order. */
  #head: { readonly first: number; readonly lines: readonly string[]; readonly at: number }[] = [];
  #settled: number;
  #next: number;
  #input: InputPosition | undefined;
  /** Of a segment that was deleted while it was the last one: no number is used twice. */
  #lastNumber = 0;
  /** A frame is on its way into the last segment, which does not count it yet. */
  #appending = false;
  #changed = Promise.withResolvers<void>();

  private constructor(options: SpoolOptions, unlock: () => void, parts: SpoolParts) {
    const { found, last } = parts;
    this.id = parts.id;
    this.folder = options.folder;
    this.rejects = parts.rejects;
    this.cutBytes = found.cutBytes;
    this.#options = options;
    this.#unlock = unlock;
    this.#progress = parts.progress;
    this.#segments = [...found.segments];
    const ends = found.segments.at(-1)?.next ?? 0;
    this.#next = Math.max(ends, last?.next ?? 0);
    this.#settled = Math.min(this.#next, Math.max(last?.settled ?? 0, found.segments[0]?.first ?? this.#next));
    // Whichever was written later knows how far the input was read.
    this.#input = last !== undefined && last.next >= ends ? last.input : noteOf(found.lastText)?.input;
  }

  /**
   * Opens a spool, or makes one, and finds out where it stands.
   *
   * @throws {UnavailableError} `spool-busy`
   * @throws {ConfigError} `spool-wrong-key`
   * @throws {IntegrityError} `spool-damaged`
   * @throws {InputError} `output-unwritable`; `file-not-found` if it must exist and does not
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { folder } = options;
    if (options.mustExist === true && !existsSync(join(folder, identityName))) {
      throw new InputError('file-not-found', {
        message: 'There is no spool in that folder',
        details: { file: folder },
      });
    }
    let unlock: () => void = () => undefined;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      unlock = lockSpool(join(folder, lockName), folder);
      return new Spool(options, unlock, await openParts(options));
    } catch (error) {
      unlock();
      throw fileError(error, folder);
    }
  }

  /** Removes all of a spool, readable or not. @throws {UnavailableError} `spool-busy` */
  static discard(folder: string): void {
    const unlock = lockSpool(join(folder, lockName), folder);
    try {
      for (const name of readdirSync(folder)) if (isSpoolFile(name)) rmSync(join(folder, name));
    } finally {
      unlock();
    }
  }

  /** Sequence number that the next event gets. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Where the input stood at the last frame that says so. */
  get input(): InputPosition | undefined {
    return this.#input;
  }

  get waiting(): number {
    return this.#next - this.#settled;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, range) => sum + this.#bytesOf(range), 0);
  }

  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes <= this.#options.maxBytes;
  }

  /** Resolves when events were appended or settled after the call. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Has those look again who wait for {@link changed}. */
  wake(): void {
    this.#tell();
  }

  /** A key for what is remembered beside the events. */
  keyFor(purpose: string) {
    return deriveKey(this.#options.masterKey, `event-spool-${purpose}-v1`, this.id);
  }

  /**
   * Appends events and has them on the disk. To be awaited before the next call.
   *
   * @throws {InputError} `output-unwritable`; nothing was taken then
   */
  async append(lines: readonly string[], note: FrameNote): Promise<void> {
    const text = Buffer.from(`${JSON.stringify(note)}\n${lines.join('\n')}`, 'utf8');
    this.#appending = true;
    try {
      const writer = await this.#writable();
      await writer.append({ first: this.#next, count: lines.length }, text);
      this.#next += lines.length;
      const last = this.#segments.at(-1);
      if (last !== undefined) last.next = this.#next;
      this.#input = note.input ?? this.#input;
    } catch (error) {
      throw fileError(error, this.folder);
    } finally {
      this.#appending = false;
    }
    this.#tell();
  }

  /** Remembers how far the input was read where nothing was appended. */
  async noteInput(input: InputPosition): Promise<void> {
    this.#input = input;
    await this.#remember();
    await this.#progress.sync();
  }

  /** The oldest events that wait, at most so many. @throws {IntegrityError} `spool-damaged` */
  async peek(maxEvents: number, maxBytes: number): Promise<WaitingEvents> {
    const lines: string[] = [];
    let bytes = 0;
    for (let at = 0; lines.length < maxEvents; at += 1) {
      if (at === this.#head.length && !(await this.#readNext())) break;
      const frame = this.#head[at];
      if (frame === undefined) break;
      for (let index = Math.max(0, this.#settled - frame.first); index < frame.lines.length; index += 1) {
        const line = frame.lines[index] as string;
        if (lines.length > 0 && (lines.length === maxEvents || bytes + line.length > maxBytes)) {
          return { first: this.#settled, lines };
        }
        lines.push(line);
        bytes += line.length + 1;
      }
    }
    return { first: this.#settled, lines };
  }

  /** Says that everything before a sequence number is delivered or put aside. */
  async settle(before: number): Promise<void> {
    this.#settled = before;
    while (this.#head.length > 0) {
      const [frame] = this.#head;
      if (frame === undefined || frame.first + frame.lines.length > before) break;
      this.#head.shift();
    }
    await this.#remember();
    await this.#deleteSettled();
    this.#tell();
  }

  /** The time is known once {@link peek} was called. */
  state(): SpoolState {
    return { events: this.waiting, bytes: this.bytes, oldestAt: this.waiting > 0 ? this.#head[0]?.at : undefined };
  }

  /** Forgets all that waits. @returns how many events that were */
  async purge(): Promise<number> {
    const purged = this.waiting;
    this.#head = [];
    await this.settle(this.#next);
    return purged;
  }

  /** Where everything is settled, nothing but the counts stays on the disk. */
  async close(): Promise<void> {
    try {
      await this.#reader?.segment.close();
      if (this.#writer !== this.#reader?.segment) await this.#writer?.close();
      this.#reader = undefined;
      this.#writer = undefined;
      await this.#remember();
      await this.#progress.sync();
      if (this.waiting === 0) {
        for (const { path } of this.#segments) await unlink(path).catch(() => undefined);
      }
      await this.rejects.close();
      await this.#progress.close();
    } finally {
      this.#unlock();
    }
  }

  get #segmentBytes(): number {
    return Math.min(largestSegment, Math.max(smallestSegment, Math.floor(this.#options.maxBytes / 16)));
  }

  #bytesOf(range: SegmentRange): number {
    return range.number === this.#writer?.number ? this.#writer.bytes : range.bytes;
  }

  async #writable(): Promise<Segment> {
    if (this.#writer !== undefined && this.#writer.bytes < this.#segmentBytes) return this.#writer;
    const number = Math.max(this.#segments.at(-1)?.number ?? 0, this.#lastNumber) + 1;
    const path = join(this.folder, segmentName(number));
    const full = this.#writer;
    const writer = await Segment.create(path, this.#identityOf(number));
    syncFolder(this.folder);
    const last = this.#segments.at(-1);
    if (last !== undefined && full !== undefined) last.bytes = full.bytes;
    this.#segments.push({ number, path, first: this.#next, next: this.#next, bytes: segmentHeaderBytes });
    this.#writer = writer;
    // Only now: until then the reader may take it for the one that is written to, and read from it.
    if (full !== undefined && full !== this.#reader?.segment) await full.close();
    return writer;
  }

  /** Reads one more frame into the head. @returns whether there was one */
  async #readNext(): Promise<boolean> {
    for (;;) {
      const reader = await this.#readerFor();
      if (reader === undefined) return false;
      const frame = await reader.segment.read(reader.offset);
      if (frame === 'damaged') throw spoolDamaged(reader.segment.path);
      if (frame === 'end') {
        const following = this.#segments.find(({ number }) => number > reader.segment.number);
        if (following === undefined) return false;
        await this.#moveReader(following);
        continue;
      }
      reader.offset = frame.end;
      if (frame.first + frame.count <= this.#settled || frame.count === 0) continue;
      const [note = '', ...lines] = frame.text.toString('utf8').split('\n');
      if (lines.length !== frame.count) throw spoolDamaged(reader.segment.path);
      const { at } = JSON.parse(note) as FrameNote;
      this.#head.push({ first: frame.first, lines, at });
      return true;
    }
  }

  async #readerFor() {
    if (this.#reader === undefined) {
      const first = this.#segments.find(({ next }) => next > this.#settled);
      if (first !== undefined) await this.#moveReader(first);
    }
    return this.#reader;
  }

  async #moveReader(range: SegmentRange): Promise<void> {
    const before = this.#reader?.segment;
    const segment =
      this.#writer?.number === range.number
        ? this.#writer
        : await Segment.open(range.path, this.#identityOf(range.number));
    if (segment === 'damaged' || segment === undefined) throw spoolDamaged(range.path);
    this.#reader = { segment, offset: segmentHeaderBytes };
    if (before !== undefined && before !== this.#writer) await before.close();
  }

  async #remember(): Promise<void> {
    const input = this.#input === undefined ? {} : { input: this.#input };
    const last = this.#segments.at(-1);
    const end = last === undefined ? {} : { end: { segment: last.number, bytes: this.#bytesOf(last) } };
    await this.#progress.write({ settled: this.#settled, next: this.#next, ...end, ...input });
  }

  /** Removes segments of which nothing waits; the last one only if it is full, since it says which number comes next. */
  async #deleteSettled(): Promise<void> {
    const gone = this.#segments.filter(
      (range, at) =>
        range.next <= this.#settled &&
        (at < this.#segments.length - 1 || (!this.#appending && this.#bytesOf(range) >= this.#segmentBytes)),
    );
    if (gone.length === 0) return;
    // What tells that they were delivered has to be on the disk before they go.
    await this.#progress.sync();
    for (const range of gone) {
      this.#lastNumber = Math.max(this.#lastNumber, range.number);
      if (this.#reader?.segment.number === range.number) {
        if (this.#reader.segment !== this.#writer) await this.#reader.segment.close();
        this.#reader = undefined;
      }
      if (this.#writer?.number === range.number) {
        const writer = this.#writer;
        this.#writer = undefined;
        await writer.close();
      }
      await unlink(range.path);
    }
    this.#segments = this.#segments.filter((range) => !gone.includes(range));
  }

  #identityOf(number: number) {
    return { masterKey: this.#options.masterKey, spoolId: this.id, number };
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

interface SpoolParts {
  readonly id: string;
  readonly found: FoundSegments;
  readonly progress: ProgressFile;
  readonly last: Progress | undefined;
  readonly rejects: RejectLog;
}

const identityName = 'spool.json';
const lockName = 'lock';
const progressName = 'progress';
const rejectsName = 'rejected.segment';

function isSpoolFile(name: string): boolean {
  return [identityName, progressName, rejectsName].includes(name) || isSegmentName(name);
}

async function openParts({ folder, masterKey }: SpoolOptions): Promise<SpoolParts> {
  const identityPath = join(folder, identityName);
  let id = spoolIdentity(identityPath, masterKey);
  let found = await findSegments(folder, masterKey, id);
  const progressPath = join(folder, progressName);
  const opened = await ProgressFile.open(progressPath, progressKey(masterKey, id));
  const { end } = opened.last ?? {};
  const ending = found.segments.find(({ number }) => number === end?.segment);
  if (end !== undefined && ending !== undefined && ending.bytes < end.bytes) {
    await opened.file.close();
    throw spoolDamaged(ending.path);
  }
  const rejects = await RejectLog.open(join(folder, rejectsName), masterKey, id).catch(async (error: unknown) => {
    await opened.file.close();
    throw error;
  });
  let { file: progress, last } = opened;
  if (last === undefined && found.segments.length === 0 && rejects.count === 0) {
    // Nothing says which numbers were given out, and one given twice would be taken for a repeat.
    await progress.close();
    id = newSpoolIdentity(identityPath, masterKey);
    found = { segments: [], cutBytes: found.cutBytes, lastText: undefined };
    ({ file: progress, last } = await ProgressFile.open(progressPath, progressKey(masterKey, id)));
    await rejects.close();
    return {
      id,
      found,
      progress,
      last,
      rejects: await RejectLog.open(join(folder, rejectsName), masterKey, id),
    };
  }
  return { id, found, progress, last, rejects };
}

function progressKey(masterKey: MasterKey, id: string) {
  return deriveKey(masterKey, 'event-spool-progress-v1', id);
}

function noteOf(text: string | undefined): FrameNote | undefined {
  return text === undefined ? undefined : (JSON.parse(text.slice(0, text.indexOf('\n'))) as FrameNote);
}

/** A failure of the file system in our words; what is ours already stays. */
function fileError(error: unknown, path: string): unknown {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string' ? outputFileError(error, path) : error;
}

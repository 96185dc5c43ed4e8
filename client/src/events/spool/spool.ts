import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { InputError } from '@sdp/shared/errors';
import { outputFileError } from '../../files/index.ts';
import { FrameReader } from './frame-reader.ts';
import { identityName, isSpoolFile, openSpoolParts, type SpoolParts } from './open-spool-parts.ts';
import type { InputPosition, ProgressFile } from './progress-file.ts';
import type { RejectLog } from './reject-log.ts';
import { SegmentFiles } from './segment-files.ts';
import { lockSpool } from './spool-lock.ts';

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

const lockName = 'lock';

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
  readonly #files: SegmentFiles;
  readonly #reader: FrameReader;
  /** Read and not yet settled, in order. */
  #head: { readonly first: number; readonly lines: readonly string[]; readonly at: number }[] = [];
  #settled: number;
  #next: number;
  #input: InputPosition | undefined;
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
    const { folder, masterKey, maxBytes } = options;
    this.#files = new SegmentFiles(
      { folder, masterKey, spoolId: parts.id, maxBytes },
      found.segments,
      last?.end?.segment ?? 0,
    );
    this.#reader = new FrameReader(this.#files);
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
      return new Spool(options, unlock, await openSpoolParts(folder, options.masterKey));
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
    return this.#files.bytes;
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
    try {
      await this.#files.append({ first: this.#next, count: lines.length }, text);
    } catch (error) {
      throw fileError(error, this.folder);
    }
    this.#next += lines.length;
    this.#input = note.input ?? this.#input;
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
    const gone = this.#files.settledBefore(before);
    // What tells that they were delivered has to be on the disk before they go.
    if (gone.length > 0) await this.#progress.sync();
    for (const range of gone) {
      await this.#reader.leave(range.number);
      await this.#files.delete(range);
    }
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
      await this.#reader.close();
      await this.#files.close();
      await this.#remember();
      await this.#progress.sync();
      if (this.waiting === 0) await this.#files.deleteAll();
      await this.rejects.close();
      await this.#progress.close();
    } finally {
      this.#unlock();
    }
  }

  /** Reads one more frame into the head. @returns whether there was one */
  async #readNext(): Promise<boolean> {
    const frame = await this.#reader.next(this.#settled);
    if (frame === undefined) return false;
    this.#head.push({ first: frame.first, lines: frame.lines, at: (JSON.parse(frame.note) as FrameNote).at });
    return true;
  }

  async #remember(): Promise<void> {
    const input = this.#input === undefined ? {} : { input: this.#input };
    const { end } = this.#files;
    await this.#progress.write({ settled: this.#settled, next: this.#next, end, ...input });
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function noteOf(text: string | undefined): FrameNote | undefined {
  return text === undefined ? undefined : (JSON.parse(text.slice(0, text.indexOf('\n'))) as FrameNote);
}

/** A failure of the file system in our words; what is ours already stays. */
function fileError(error: unknown, path: string): unknown {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string' ? outputFileError(error, path) : error;
}

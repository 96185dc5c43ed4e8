import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { MasterKey } from '@sdp/shared/crypto';
import { syncFolder } from '../../files/index.ts';
import type { FrameHeader } from './frame.ts';
import { Segment, segmentHeaderBytes } from './segment.ts';
import { type SegmentRange, segmentName, spoolDamaged } from './spool-segments.ts';

export interface SegmentFilesOptions {
  readonly folder: string;
  readonly masterKey: MasterKey;
  readonly spoolId: string;
  /** Of all of them together. */
  readonly maxBytes: number;
}

const largestSegment = 16 * 1024 * 1024;
const smallestSegment = 64 * 1024;

/** The files of a spool: the newest one grows, full ones are read and go once all in them is settled. */
export class SegmentFiles {
  readonly #options: SegmentFilesOptions;
  /** In order; the last one is written to if it is {@link #writer}'s. */
  #ranges: SegmentRange[];
  #writer: Segment | undefined;
  /** Those that are being read. */
  readonly #lent = new Set<Segment>();
  /** The highest that a file had: none is used twice, or a new file would be taken for what is left of an old one. */
  #lastNumber: number;
  /** A frame is on its way into the last file, which does not count it yet. */
  #appending = false;

  /** @param lastNumber the highest that was remembered; files of that number may be gone */
  constructor(options: SegmentFilesOptions, found: readonly SegmentRange[], lastNumber: number) {
    this.#options = options;
    this.#ranges = [...found];
    this.#lastNumber = Math.max(lastNumber, found.at(-1)?.number ?? 0);
  }

  get bytes(): number {
    return this.#ranges.reduce((sum, range) => sum + this.#bytesOf(range), 0);
  }

  /** Which one was the last, and how long it is at least. */
  get end(): { readonly segment: number; readonly bytes: number } {
    const last = this.#ranges.at(-1);
    return { segment: this.#lastNumber, bytes: last?.number === this.#lastNumber ? this.#bytesOf(last) : 0 };
  }

  /** Appends a frame and has it on the disk; if it fails, nothing has changed. To be awaited before the next call. */
  async append(header: Omit<FrameHeader, 'sealedBytes'>, text: Uint8Array): Promise<void> {
    this.#appending = true;
    try {
      const writer = await this.#writable(header.first);
      await writer.append(header, text);
      const last = this.#ranges.at(-1);
      if (last !== undefined) last.next = header.first + header.count;
    } finally {
      this.#appending = false;
    }
  }

  /** The first one with an event from a sequence number on. */
  from(sequence: number): SegmentRange | undefined {
    return this.#ranges.find(({ next }) => next > sequence);
  }

  behind(number: number): SegmentRange | undefined {
    return this.#ranges.find((range) => range.number > number);
  }

  /** Opens one to read from it, until it is given back. @throws {IntegrityError} `spool-damaged` */
  async lend(range: SegmentRange): Promise<Segment> {
    const segment =
      this.#writer?.number === range.number
        ? this.#writer
        : await Segment.open(range.path, this.#identityOf(range.number));
    if (segment === 'damaged' || segment === undefined) throw spoolDamaged(range.path);
    this.#lent.add(segment);
    return segment;
  }

  async giveBack(segment: Segment): Promise<void> {
    this.#lent.delete(segment);
    if (segment !== this.#writer) await segment.close();
  }

  /** Those of which nothing waits; the last one only if it is full, since it says which number comes next. */
  settledBefore(sequence: number): readonly SegmentRange[] {
    return this.#ranges.filter(
      (range, at) =>
        range.next <= sequence &&
        (at < this.#ranges.length - 1 || (!this.#appending && this.#bytesOf(range) >= this.#fullBytes)),
    );
  }

  /** Deletes one that nobody reads. */
  async delete(range: SegmentRange): Promise<void> {
    if (this.#writer?.number === range.number) {
      const writer = this.#writer;
      this.#writer = undefined;
      await writer.close();
    }
    await unlink(range.path);
    this.#ranges = this.#ranges.filter((other) => other !== range);
  }

  async close(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
  }

  /** For when nothing waits: the counts alone stay. */
  async deleteAll(): Promise<void> {
    for (const { path } of this.#ranges) await unlink(path).catch(() => undefined);
  }

  get #fullBytes(): number {
    return Math.min(largestSegment, Math.max(smallestSegment, Math.floor(this.#options.maxBytes / 16)));
  }

  #bytesOf(range: SegmentRange): number {
    return range.number === this.#writer?.number ? this.#writer.bytes : range.bytes;
  }

  async #writable(first: number): Promise<Segment> {
    if (this.#writer !== undefined && this.#writer.bytes < this.#fullBytes) return this.#writer;
    const number = this.#lastNumber + 1;
    const path = join(this.#options.folder, segmentName(number));
    const full = this.#writer;
    const writer = await Segment.create(path, this.#identityOf(number));
    syncFolder(this.#options.folder);
    const last = this.#ranges.at(-1);
    if (last !== undefined && full !== undefined) last.bytes = full.bytes;
    this.#ranges.push({ number, path, first, next: first, bytes: segmentHeaderBytes });
    this.#lastNumber = number;
    this.#writer = writer;
    // Only now: until then the reader may take it for the one that is written to, and read from it.
    if (full !== undefined && !this.#lent.has(full)) await full.close();
    return writer;
  }

  #identityOf(number: number) {
    return { masterKey: this.#options.masterKey, spoolId: this.#options.spoolId, number };
  }
}

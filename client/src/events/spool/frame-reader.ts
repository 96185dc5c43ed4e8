import { type Segment, segmentHeaderBytes } from './segment.ts';
import type { SegmentFiles } from './segment-files.ts';
import { type SegmentRange, spoolDamaged } from './spool-segments.ts';

/** What a frame holds: events in order, one JSON text each. */
export interface EventFrame {
  /** Sequence number of the first. */
  readonly first: number;
  readonly lines: readonly string[];
  /** The text before them: what was written with the frame. */
  readonly note: string;
}

/** Reads the frames of a spool one after the other, from the first that holds an event which waits. */
export class FrameReader {
  readonly #files: SegmentFiles;
  #place: { readonly segment: Segment; offset: number } | undefined;

  constructor(files: SegmentFiles) {
    this.#files = files;
  }

  /**
   * The next one with events from a sequence number on. @returns `undefined` where there is none yet
   *
   * @throws {IntegrityError} `spool-damaged`
   */
  async next(from: number): Promise<EventFrame | undefined> {
    for (;;) {
      const place = await this.#placeFor(from);
      if (place === undefined) return undefined;
      const frame = await place.segment.read(place.offset);
      if (frame === 'damaged') throw spoolDamaged(place.segment.path);
      if (frame === 'end') {
        const following = this.#files.behind(place.segment.number);
        if (following === undefined) return undefined;
        await this.#moveTo(following);
        continue;
      }
      place.offset = frame.end;
      if (frame.first + frame.count <= from || frame.count === 0) continue;
      const [note = '', ...lines] = frame.text.toString('utf8').split('\n');
      if (lines.length !== frame.count) throw spoolDamaged(place.segment.path);
      return { first: frame.first, lines, note };
    }
  }

  /** Leaves a file that is to be deleted. */
  async leave(number: number): Promise<void> {
    if (this.#place?.segment.number === number) await this.close();
  }

  async close(): Promise<void> {
    const segment = this.#place?.segment;
    this.#place = undefined;
    if (segment !== undefined) await this.#files.giveBack(segment);
  }

  async #placeFor(from: number) {
    if (this.#place === undefined) {
      const first = this.#files.from(from);
      if (first !== undefined) await this.#moveTo(first);
    }
    return this.#place;
  }

  async #moveTo(range: SegmentRange): Promise<void> {
    const before = this.#place?.segment;
    this.#place = { segment: await this.#files.lend(range), offset: segmentHeaderBytes };
    if (before !== undefined) await this.#files.giveBack(before);
  }
}

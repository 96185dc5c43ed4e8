import { type StateReader, type StateWriter, stateInvalid } from '../../detectors/index.ts';

/** Closed panes that a window has at most. */
export const mostPanes = 8;
/** Events kept of each pane. */
const paneRows = 512;
const minuteMs = 60_000;

/** A stretch of events, and a fair sample of them. Once it is closed it doesn't change. */
export interface Pane {
  readonly number: number;
  events: number;
  firstMs: number;
  lastMs: number;
  /** Rows of the sample, as many as are filled. */
  readonly rows: Float32Array;
  filled: number;
}

export interface PaneLengths {
  readonly learnEvents: number;
  readonly retrainEvents: number;
  readonly retrainMinutes: number;
}

/**
 * The latest events, as a fair sample of each of some stretches: however fast they come, the window reaches equally far back,
 * and its memory is bounded. What is sampled depends on the order of the events alone.
 */
export class TrainingWindow {
  readonly #width: number;
  readonly #lengths: PaneLengths;
  readonly #seed: number;
  #open: Pane;
  #closed: readonly Pane[] = [];

  constructor(width: number, lengths: PaneLengths, seed: number) {
    this.#width = width;
    this.#lengths = lengths;
    this.#seed = seed;
    this.#open = this.#newPane(0);
  }

  /** Whole stretches, oldest first. */
  get closed(): readonly Pane[] {
    return this.#closed;
  }

  /** @returns whether a stretch ended with this event */
  add(row: Float32Array, from: number, atMs: number): boolean {
    const pane = this.#open;
    if (pane.events === 0) pane.firstMs = atMs;
    pane.lastMs = Math.max(pane.lastMs, atMs);
    pane.events += 1;
    // Vitter's algorithm R: each event of the stretch is as likely to stay as any other.
    const place = pane.filled < paneRows ? pane.filled : Math.floor(this.#chance(pane) * pane.events);
    if (place < paneRows) {
      pane.rows.set(row.subarray(from, from + this.#width), place * this.#width);
      pane.filled = Math.max(pane.filled, place + 1);
    }
    if (!this.#isFull(pane)) return false;
    this.#closed = [...this.#closed.slice(1 - mostPanes), pane];
    this.#open = this.#newPane(pane.number + 1);
    return true;
  }

  write(writer: StateWriter): void {
    writePane(writer, this.#open, this.#width);
    writer.count(this.#closed.length);
    for (const { number } of this.#closed) writer.count(number);
  }

  /** @param panes closed ones, by number @throws {IntegrityError} `record-tampered` */
  read(reader: StateReader, panes: ReadonlyMap<number, Pane>): void {
    this.#open = readPane(reader, this.#width);
    this.#closed = readPaneNumbers(reader, panes);
  }

  #newPane(number: number): Pane {
    return {
      number,
      events: 0,
      firstMs: 0,
      lastMs: Number.NEGATIVE_INFINITY,
      rows: new Float32Array(paneRows * this.#width),
      filled: 0,
    };
  }

  /** The first stretches are short, each twice as long as the one before: what little there is is learned from at once. */
  #isFull({ number, events, firstMs, lastMs }: Pane): boolean {
    const { learnEvents, retrainEvents, retrainMinutes } = this.#lengths;
    if (number === 0) return events >= learnEvents;
    return events >= retrainEvents && lastMs - firstMs >= Math.min(retrainMinutes, 2 ** number) * minuteMs;
  }

  /** A number from 0 to 1 that follows from the event's place in the order. */
  #chance({ number, events }: Pane): number {
    let mixed = Math.imul(events ^ Math.imul(number + 1, 0x9e37_79b9) ^ this.#seed, 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb_352d);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  }
}

export function writePane(writer: StateWriter, pane: Pane, width: number): void {
  writer.count(pane.number);
  writer.count(pane.filled);
  for (const value of [pane.events, pane.firstMs, pane.lastMs]) writer.number(value);
  writer.array(pane.rows.subarray(0, pane.filled * width));
}

/** @throws {IntegrityError} `record-tampered` */
export function readPane(reader: StateReader, width: number): Pane {
  const number = reader.count();
  const filled = reader.count(paneRows);
  const [events, firstMs, lastMs] = [reader.number(), reader.number(), reader.number()];
  const rows = new Float32Array(paneRows * width);
  rows.set(reader.floats(filled * width));
  return { number, events, firstMs, lastMs, rows, filled };
}

/** @throws {IntegrityError} `record-tampered` */
export function readPaneNumbers(reader: StateReader, panes: ReadonlyMap<number, Pane>): Pane[] {
  return Array.from({ length: reader.count(mostPanes) }, () => {
    const pane = panes.get(reader.count());
    if (!pane) throw stateInvalid();
    return pane;
  });
}

import type { StateReader, StateWriter } from '../detectors/index.ts';

/** One event as a group keeps it. */
export interface KeptEvent {
  readonly timeMs: number;
  readonly eventId: string;
  /** Of the message that brought it. */
  readonly offset: number;
  readonly bits: number;
  readonly value: number;
}

/** Freed when so many at the front are no longer needed, and they are most. */
const smallestGap = 64;

/**
 * Events of one group in order of time, those of the same time in order of arrival. Places are counted from the oldest one that
 * is kept.
 */
export class EventWindow {
  #times: number[] = [];
  #ids: string[] = [];
  #offsets: number[] = [];
  #bits: number[] = [];
  #values: number[] = [];
  #start = 0;

  get size(): number {
    return this.#times.length - this.#start;
  }

  timeAt(place: number): number {
    return this.#times[this.#start + place] as number;
  }

  idAt(place: number): string {
    return this.#ids[this.#start + place] as string;
  }

  offsetAt(place: number): number {
    return this.#offsets[this.#start + place] as number;
  }

  bitsAt(place: number): number {
    return this.#bits[this.#start + place] as number;
  }

  valueAt(place: number): number {
    return this.#values[this.#start + place] as number;
  }

  /** @returns its place: behind all that are not later */
  insert(event: KeptEvent): number {
    const { timeMs, eventId, offset, bits, value } = event;
    const size = this.size;
    const place = size === 0 || this.timeAt(size - 1) <= timeMs ? size : this.after(timeMs);
    if (place === size) {
      this.#times.push(timeMs);
      this.#ids.push(eventId);
      this.#offsets.push(offset);
      this.#bits.push(bits);
      this.#values.push(value);
    } else {
      const at = this.#start + place;
      this.#times.splice(at, 0, timeMs);
      this.#ids.splice(at, 0, eventId);
      this.#offsets.splice(at, 0, offset);
      this.#bits.splice(at, 0, bits);
      this.#values.splice(at, 0, value);
    }
    return place;
  }

  /** Place of the first event later than that. */
  after(timeMs: number): number {
    let low = this.#start;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) > timeMs) high = middle;
      else low = middle + 1;
    }
    return low - this.#start;
  }

  /** Forgets the oldest. */
  drop(count: number): void {
    this.#start += count;
    if (this.#start < smallestGap || this.#start * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#start);
    this.#ids = this.#ids.slice(this.#start);
    this.#offsets = this.#offsets.slice(this.#start);
    this.#bits = this.#bits.slice(this.#start);
    this.#values = this.#values.slice(this.#start);
    this.#start = 0;
  }

  write(writer: StateWriter): void {
    writer.count(this.size);
    for (let place = 0; place < this.size; place += 1) {
      writer.number(this.timeAt(place));
      writer.text(this.idAt(place));
      writer.number(this.offsetAt(place));
      writer.count(this.bitsAt(place));
      writer.number(this.valueAt(place));
    }
  }

  /** @throws {IntegrityError} `record-tampered` */
  static read(reader: StateReader): EventWindow {
    const window = new EventWindow();
    for (let left = reader.count(); left > 0; left -= 1) {
      window.insert({
        timeMs: reader.number(),
        eventId: reader.text(),
        offset: reader.number(),
        bits: reader.count(),
        value: reader.number(),
      });
    }
    return window;
  }
}

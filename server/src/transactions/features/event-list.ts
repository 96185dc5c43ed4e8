/** Numbers kept of an event: time in ms, amount in thousandths, identity of the transaction, identity of the other side. */
export const eventFields = 4;
/** Events that are summed up together, so that long windows need not look at each. */
const blockSize = 64;
/** Lists shorter than this are looked through as fast without blocks. */
const blocksFrom = 256;

export interface RangeTotal {
  sum: number;
  max: number;
}

/**
 * Events of one key in one currency, sorted by time, those of equal time in the order they came. 32 bytes an event in one
 * flat array: a customer who paid once costs little more than that. Finding a time takes O(log n); sums take at most 128
 * events and n / 64 blocks; adding at the end takes O(1), before the end as long as moving what comes after it.
 */
export class EventList {
  #values: Float64Array;
  #start = 0;
  #end: number;
  #blockSums: Float64Array | undefined;
  #blockMaxima: Float64Array | undefined;

  readonly currency: string;

  /** @param values events as {@link copy} gives them; becomes part of the list */
  constructor(currency: string, values: Float64Array = new Float64Array(0)) {
    this.currency = currency;
    this.#values = values;
    this.#end = values.length / eventFields;
    this.#refreshBlocks(0);
  }

  /** Position of the first event; positions hold until the list is changed. */
  get start(): number {
    return this.#start;
  }

  /** Position after the last event. */
  get end(): number {
    return this.#end;
  }

  timeAt(position: number): number {
    return this.#values[position * eventFields] as number;
  }

  amountAt(position: number): number {
    return this.#values[position * eventFields + 1] as number;
  }

  idAt(position: number): number {
    return this.#values[position * eventFields + 2] as number;
  }

  peerAt(position: number): number {
    return this.#values[position * eventFields + 3] as number;
  }

  /** Position of the first event later than `timeMs`. */
  after(timeMs: number): number {
    let low = this.#start;
    let high = this.#end;
    if (high > low && this.timeAt(high - 1) <= timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Position of the transaction, −1 if it isn't there. */
  find(timeMs: number, id: number): number {
    for (let at = this.after(timeMs) - 1; at >= this.#start && this.timeAt(at) === timeMs; at -= 1) {
      if (this.idAt(at) === id) return at;
    }
    return -1;
  }

  /** Puts an event where it belongs, after those of the same time. Returns its position. */
  insert(timeMs: number, amount: number, id: number, peer: number): number {
    if (this.#end * eventFields === this.#values.length) this.#makeRoom();
    const position = this.after(timeMs);
    const at = position * eventFields;
    if (position < this.#end) this.#values.copyWithin(at + eventFields, at, this.#end * eventFields);
    this.#values[at] = timeMs;
    this.#values[at + 1] = amount;
    this.#values[at + 2] = id;
    this.#values[at + 3] = peer;
    this.#end += 1;
    this.#refreshBlocks(position);
    return position;
  }

  /** Adds the events from position `from` to before `to` to a total. */
  addTo(total: RangeTotal, from: number, to: number): void {
    const sums = this.#blockSums;
    const maxima = this.#blockMaxima;
    let at = from;
    while (at < to) {
      if (sums && maxima && at % blockSize === 0 && at + blockSize <= to) {
        const block = at / blockSize;
        total.sum += sums[block] as number;
        total.max = Math.max(total.max, maxima[block] as number);
        at += blockSize;
      } else {
        const amount = this.amountAt(at);
        total.sum += amount;
        if (amount > total.max) total.max = amount;
        at += 1;
      }
    }
  }

  /** Forgets the events up to and including `timeMs`. */
  dropUntil(timeMs: number): void {
    this.#start = this.after(timeMs);
    // Moved only when half of the array is free, so that forgetting costs O(1) an event.
    if (this.#start > 32 && this.#start * 2 > this.#end) this.#compact(this.#end - this.#start);
  }

  /** The events, {@link eventFields} numbers each. */
  copy(): Float64Array {
    return this.#values.slice(this.#start * eventFields, this.#end * eventFields);
  }

  #makeRoom(): void {
    const count = this.#end - this.#start;
    this.#compact(count + Math.max(1, count >>> 1));
  }

  #compact(capacity: number): void {
    const grown = new Float64Array(capacity * eventFields);
    grown.set(this.#values.subarray(this.#start * eventFields, this.#end * eventFields));
    this.#values = grown;
    this.#end -= this.#start;
    this.#start = 0;
    this.#refreshBlocks(0);
  }

  /** Sums the blocks up again from the one that holds `position`. */
  #refreshBlocks(position: number): void {
    if (this.#end < blocksFrom) {
      this.#blockSums = undefined;
      this.#blockMaxima = undefined;
      return;
    }
    const blocks = Math.ceil(this.#end / blockSize);
    let from = Math.floor(position / blockSize);
    if (!this.#blockSums || !this.#blockMaxima) from = 0;
    if (!this.#blockSums || this.#blockSums.length < blocks || !this.#blockMaxima) {
      this.#blockSums = enlarged(this.#blockSums, blocks);
      this.#blockMaxima = enlarged(this.#blockMaxima, blocks);
    }
    for (let block = from; block < blocks; block += 1) {
      let sum = 0;
      let max = 0;
      const end = Math.min(this.#end, (block + 1) * blockSize);
      for (let at = Math.max(block * blockSize, this.#start); at < end; at += 1) {
        const amount = this.amountAt(at);
        sum += amount;
        if (amount > max) max = amount;
      }
      this.#blockSums[block] = sum;
      this.#blockMaxima[block] = max;
    }
  }
}

function enlarged(values: Float64Array | undefined, least: number): Float64Array {
  const larger = new Float64Array(Math.ceil(least * 1.5));
  if (values) larger.set(values);
  return larger;
}

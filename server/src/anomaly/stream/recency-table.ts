import { type StateReader, type StateWriter, stateInvalid } from '../../detectors/index.ts';

/** Entries that share a place: where all are taken, the one unseen for longest makes room. */
const ways = 8;
const smallest = 64;

/**
 * Remembers a few numbers of each of many names, of those seen lately. A name is its hash, and nothing of it is kept. What is
 * forgotten depends on the order of the names alone.
 */
export class RecencyTable {
  readonly #width: number;
  readonly #most: number;
  #keys: Float64Array;
  #seen: Float64Array;
  #numbers: Float64Array;
  #clock = 0;

  /**
   * @param width numbers of each name
   * @param most names, about
   */
  constructor(width: number, most: number) {
    this.#width = width;
    this.#most = Math.max(smallest, 2 ** Math.ceil(Math.log2(most)));
    [this.#keys, this.#seen, this.#numbers] = this.#arrays(smallest);
  }

  /** Where in {@link numbers} those of a name begin; all are 0 for one that is new. @param hash whole number above 0 */
  at(hash: number): number {
    this.#clock += 1;
    for (;;) {
      const first = this.#placeOf(hash);
      let oldest = first;
      for (let way = first; way < first + ways; way += 1) {
        if (this.#keys[way] === hash) {
          this.#seen[way] = this.#clock;
          return way * this.#width;
        }
        if ((this.#seen[way] as number) < (this.#seen[oldest] as number)) oldest = way;
      }
      const isFull = this.#keys[oldest] !== 0;
      if (isFull && this.#keys.length < this.#most) {
        this.#grow();
        continue;
      }
      this.#keys[oldest] = hash;
      this.#seen[oldest] = this.#clock;
      const from = oldest * this.#width;
      this.#numbers.fill(0, from, from + this.#width);
      return from;
    }
  }

  /** Of all names. Another array after {@link at} has made room. */
  get numbers(): Float64Array {
    return this.#numbers;
  }

  write(writer: StateWriter): void {
    const taken = [...this.#keys.keys()].filter((place) => this.#keys[place] !== 0);
    writer.number(this.#clock);
    writer.count(this.#keys.length);
    writer.count(taken.length);
    writer.array(Float64Array.from(taken, (place) => this.#keys[place] as number));
    writer.array(Float64Array.from(taken, (place) => this.#seen[place] as number));
    writer.array(
      Float64Array.from({ length: taken.length * this.#width }, (_, at) => {
        const place = taken[Math.floor(at / this.#width)] as number;
        return this.#numbers[place * this.#width + (at % this.#width)] as number;
      }),
    );
  }

  /** @throws {IntegrityError} `record-tampered` */
  read(reader: StateReader): void {
    this.#clock = reader.number();
    const places = reader.count(this.#most);
    const taken = reader.count(places);
    if (places < smallest || !Number.isInteger(Math.log2(places))) throw stateInvalid();
    const keys = reader.doubles(taken);
    const seen = reader.doubles(taken);
    const numbers = reader.doubles(taken * this.#width);
    [this.#keys, this.#seen, this.#numbers] = this.#arrays(places);
    for (const [at, key] of keys.entries()) {
      this.#put(key, seen[at] as number, numbers.subarray(at * this.#width, (at + 1) * this.#width));
    }
  }

  #grow(): void {
    const [keys, seen, numbers] = [this.#keys, this.#seen, this.#numbers];
    [this.#keys, this.#seen, this.#numbers] = this.#arrays(keys.length * 2);
    for (const [at, key] of keys.entries()) {
      if (key !== 0) this.#put(key, seen[at] as number, numbers.subarray(at * this.#width, (at + 1) * this.#width));
    }
  }

  /** Into the first free way of its place, so that the order among those of a place stays. */
  #put(key: number, seen: number, numbers: Float64Array): void {
    const first = this.#placeOf(key);
    const way = this.#keys.subarray(first, first + ways).indexOf(0);
    if (way < 0 || !(key > 0)) throw stateInvalid();
    this.#keys[first + way] = key;
    this.#seen[first + way] = seen;
    this.#numbers.set(numbers, (first + way) * this.#width);
  }

  #placeOf(hash: number): number {
    return ((hash % 4_294_967_296) & (this.#keys.length / ways - 1)) * ways;
  }

  #arrays(places: number): [Float64Array, Float64Array, Float64Array] {
    return [new Float64Array(places), new Float64Array(places), new Float64Array(places * this.#width)];
  }
}

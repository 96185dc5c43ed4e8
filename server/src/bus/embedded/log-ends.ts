import type { Pool } from '../../database/index.ts';
import { type Appended, placeOf, type Slot } from './append.ts';

/** Where the log ends, once everything that is on its way is stored. */
export class LogEnds {
  readonly #pool: Pool;
  readonly #ends = new Map<string, bigint>();
  /** What was forgotten while the database is being asked: its answer may be older. */
  #forgotten: Set<string> | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  has(topic: string, partition: number): boolean {
    return this.#ends.has(placeOf(topic, partition));
  }

  /** @returns where the first of the messages will stand */
  extend(topic: string, partition: number, messages: number): bigint {
    const place = placeOf(topic, partition);
    const end = this.#ends.get(place);
    if (end === undefined) throw new RangeError('nobody knows where this partition ends');
    this.#ends.set(place, end + BigInt(messages));
    return end;
  }

  /** Finds out what is not known yet. Call it when nothing is on its way. @throws the database's error */
  async learn(topics: readonly string[]): Promise<void> {
    this.#forgotten = new Set();
    const { rows } = await this.#pool.query<{ topic: string; partition: number; next_offset: string }>(
      'SELECT topic, partition, next_offset FROM bus_partition WHERE topic = ANY ($1::text[])',
      [topics],
    );
    for (const { topic, partition, next_offset } of rows) {
      const place = placeOf(topic, partition);
      if (!this.#ends.has(place) && !this.#forgotten.has(place)) this.#ends.set(place, BigInt(next_offset));
    }
    this.#forgotten = undefined;
  }

  /** What was not foretold has come to stand here, and nothing is on its way. */
  note(appended: readonly Appended[]): void {
    for (const { topic, partition, messages } of appended) {
      const last = messages.at(-1);
      if (last !== undefined && !this.has(topic, partition))
        this.#ends.set(placeOf(topic, partition), last.offset + 1n);
    }
  }

  /** Somebody else appended: what was thought to be the end is so no more, unless it fits. */
  observe(appended: readonly Appended[]): void {
    for (const { topic, partition, messages } of appended) {
      const [first, last] = [messages[0], messages.at(-1)];
      const place = placeOf(topic, partition);
      if (last !== undefined && this.#ends.get(place) === first?.offset) this.#ends.set(place, last.offset + 1n);
      else this.#forget(place);
    }
  }

  forget(slots: readonly Slot[]): void {
    for (const { topic, partition } of slots) this.#forget(placeOf(topic, partition));
  }

  clear(): void {
    this.#ends.clear();
  }

  #forget(place: string): void {
    this.#ends.delete(place);
    this.#forgotten?.add(place);
  }
}

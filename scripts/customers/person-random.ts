/** A repeatable stream of random numbers per customer, so that customer n is the same in every file of one seed. */
export class PersonRandom {
  #state = 0;

  /** Starts the stream of one customer. */
  restart(seed: number, person: number, purpose: number): void {
    this.#state = Math.imul(seed ^ 0x5bd1_e995, 0x9e37_79b1) ^ Math.imul(person + 1, 0x85eb_ca6b) ^ purpose;
  }

  /** An unsigned 32-bit number (SplitMix32). */
  next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** Evenly spread over [0, 1). */
  share(): number {
    return this.next() / 4_294_967_296;
  }

  /** A whole number below `bound`. */
  below(bound: number): number {
    return Math.floor(this.share() * bound);
  }

  /** Roughly normal, mean 0 and deviation 1: sum of four even numbers (Irwin–Hall). */
  bell(): number {
    return (this.share() + this.share() + this.share() + this.share() - 2) * 1.732;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

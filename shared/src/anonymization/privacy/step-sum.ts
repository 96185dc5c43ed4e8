/** Adds up whole numbers exactly, however many there are. */
export class StepSum {
  #low = 0;
  #high = 0n;

  /** @param steps whole, smaller than 2³⁰ in size */
  add(steps: number): void {
    this.#low += steps;
    if (Math.abs(this.#low) > 2 ** 52) {
      this.#high += BigInt(this.#low);
      this.#low = 0;
    }
  }

  get total(): bigint {
    return this.#high + BigInt(this.#low);
  }
}

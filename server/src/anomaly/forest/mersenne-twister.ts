const stateWords = 624;
const middleWord = 397;

/**
 * The stream of numbers that NumPy's `RandomState` draws from a seed: MT19937 (Matsumoto and Nishimura, "Mersenne
 * Twister", ACM TOMACS 8(1), 1998) and NumPy's ways to make whole numbers of it. So a seed chooses the same samples here
 * as in scikit-learn. For sampling and trees; never for secrets.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(stateWords);
  #next = stateWords;

  /** @param seed unsigned 32-bit integer */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let word = 1; word < stateWords; word += 1) {
      const previous = state[word - 1] as number;
      state[word] = Math.imul(1_812_433_253, previous ^ (previous >>> 30)) + word;
    }
  }

  /** The next 32 bits, as a whole number. */
  bits32(): number {
    if (this.#next === stateWords) this.#twist();
    let word = this.#state[this.#next++] as number;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c_5680;
    word ^= (word << 15) & 0xefc6_0000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** A whole number below `bound`, each as likely as any other: bits under a mask until they fit. */
  below(bound: number): number {
    const highest = bound - 1;
    if (highest <= 0) return 0;
    const mask = 0xffff_ffff >>> Math.clz32(highest);
    let value: number;
    do value = (this.bits32() & mask) >>> 0;
    while (value > highest);
    return value;
  }

  /** The numbers below `count` in random order (Fisher and Yates, from the end). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    for (let index = count - 1; index > 0; index -= 1) {
      const other = this.below(index + 1);
      const moved = order[index] as number;
      order[index] = order[other] as number;
      order[other] = moved;
    }
    return order;
  }

  #twist(): void {
    const state = this.#state;
    for (let word = 0; word < stateWords; word += 1) {
      const joined =
        ((state[word] as number) & 0x8000_0000) | ((state[(word + 1) % stateWords] as number) & 0x7fff_ffff);
      const far = state[(word + middleWord) % stateWords] as number;
      state[word] = far ^ (joined >>> 1) ^ (joined & 1 ? 0x9908_b0df : 0);
    }
    this.#next = 0;
  }
}

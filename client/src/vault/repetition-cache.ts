import { GenerationCache } from './generation-cache.ts';

const generationSize = 32_768;
/** Longer texts are not kept, so that the bound on entries bounds the memory too. */
const longestKept = 256;
const windowSize = 32_768;
/** Below one hit in this many look-ups the cache costs more than it saves. */
const hitsWorthwhile = 16;
const restWindows = 15;

/**
 * Remembers what a function gave for recent arguments, as long as that pays: in a column whose values hardly repeat it
 * rests, and looks again from time to time.
 */
export class RepetitionCache<V extends string | object> {
  readonly #cache = new GenerationCache<string, V>(generationSize);
  #lookups = 0;
  #hits = 0;
  #restingFor = 0;

  get(key: string): V | undefined {
    if (this.#restingFor > 0) {
      this.#restingFor -= 1;
      return undefined;
    }
    const found = this.#cache.get(key);
    if (found !== undefined) this.#hits += 1;
    this.#lookups += 1;
    if (this.#lookups === windowSize) {
      if (this.#hits * hitsWorthwhile < windowSize) {
        this.#restingFor = windowSize * restWindows;
        this.#cache.clear();
      }
      this.#lookups = 0;
      this.#hits = 0;
    }
    return found;
  }

  /** Whether {@link set} would remember it. */
  keeps(key: string): boolean {
    return this.#restingFor === 0 && key.length <= longestKept;
  }

  set(key: string, value: V): void {
    if (this.keeps(key)) this.#cache.set(key, value);
  }
}

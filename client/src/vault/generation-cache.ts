/**
 * A bounded cache of two generations: when the young one is full it becomes the old one, and the old one is let go.
 * Keeps roughly the most recently used, like an LRU list, without any bookkeeping on a hit.
 */
export class GenerationCache<K, V> {
  readonly #capacity: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #weight = 0;

  /** @param capacity weight of one generation; both together hold at most twice as much and one entry more */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: K, weightOf: (value: V) => number = () => 1): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old, weightOf(old));
    return old;
  }

  set(key: K, value: V, weight = 1): void {
    if (this.#weight >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    this.#young.set(key, value);
    this.#weight += weight;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#weight = 0;
  }
}

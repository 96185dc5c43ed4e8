/** Something that was handed in and waits for its group. */
interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Hands over what is waiting as one group, one group at a time: under load groups form by themselves, and nobody waits for
 * one to fill.
 *
 * @param work gives a result for each item, in order; what it throws is thrown to all of its group
 */
export class GroupCommit<T, R> {
  readonly #work: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #maxItems: number;
  #waiting: Waiting<T, R>[] = [];
  #running: Promise<void> | undefined;

  constructor(work: (items: readonly T[]) => Promise<readonly R[]>, maxItems: number) {
    this.#work = work;
    this.#maxItems = maxItems;
  }

  run(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#runAll();
    });
  }

  /** Resolves when nothing is waiting or in hand. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #runAll(): Promise<void> {
    // A turn of the event loop: requests that were read together go together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#maxItems);
      try {
        const results = await this.#work(group.map(({ item }) => item));
        for (const [i, { resolve }] of group.entries()) resolve(results[i] as R);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = undefined;
  }
}

import { RejectedError, UnavailableError } from '../../errors/index.ts';

interface Waiter {
  readonly bytes: number;
  readonly start: () => void;
}

/** Bound on bytes that are under way at once. Who finds no room waits in line, so that memory stays bounded by the callers' number. */
export class ByteBudget {
  readonly #limit: number;
  readonly #maxWaitMs: number;
  #used = 0;
  #waiting: Waiter[] = [];

  /** @param maxWaitMs after this long in line a caller is turned away */
  constructor(limit: number, maxWaitMs: number) {
    this.#limit = limit;
    this.#maxWaitMs = maxWaitMs;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /**
   * Runs `work` when there is room for its bytes, first come, first served.
   *
   * @throws {RejectedError} `payload-too-large` for more than fits at all
   * @throws {UnavailableError} `producer-busy` after waiting too long
   */
  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (bytes > this.#limit) throw new RejectedError('payload-too-large');
    if (this.#waiting.length > 0 || this.#used + bytes > this.#limit) await this.#wait(bytes);
    else this.#used += bytes;
    try {
      return await work();
    } finally {
      this.#used -= bytes;
      this.#startNext();
    }
  }

  #wait(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((each) => each !== waiter);
        reject(new UnavailableError('producer-busy'));
        // It may have been too large for room that there is for the next ones.
        this.#startNext();
      }, this.#maxWaitMs);
      const start = () => {
        clearTimeout(timer);
        resolve();
      };
      const waiter: Waiter = { bytes, start };
      this.#waiting.push(waiter);
    });
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#used + next.bytes > this.#limit) return;
      this.#waiting.shift();
      // Taken here, not when it wakes: nobody may come in between.
      this.#used += next.bytes;
      next.start();
    }
  }
}

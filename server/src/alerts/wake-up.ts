import { setTimeout as sleep } from 'node:timers/promises';

/** Lets one loop sleep until something happens; what happens while it works isn't missed. */
export class WakeUp {
  #isAwake = false;
  #awake: () => void = () => undefined;

  wake(): void {
    this.#isAwake = true;
    this.#awake();
  }

  /** Resolves at the next {@link wake}, at once if there was one since the last time, or after `timeoutMs`. */
  async sleep(timeoutMs: number): Promise<void> {
    if (!this.#isAwake) {
      const timer = new AbortController();
      const woken = new Promise<void>((resolve) => {
        this.#awake = resolve;
      });
      const expired = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([woken, expired]);
      timer.abort();
    }
    this.#isAwake = false;
    this.#awake = () => undefined;
  }
}

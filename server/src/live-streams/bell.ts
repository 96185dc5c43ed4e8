/** Wakes who waits; rung while nobody waits, it is heard by the next. */
export class Bell {
  readonly #signal: AbortSignal;
  #hasRung = false;
  #heard: () => void = () => undefined;

  /** @param signal ends all waiting */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  ring(): void {
    this.#hasRung = true;
    this.#heard();
  }

  silence(): void {
    this.#hasRung = false;
  }

  /** Until it rings, or has rung, or the time is over. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#hasRung) await this.pause(timeoutMs);
  }

  /** Until it rings from now on, or the time is over. */
  async pause(timeoutMs: number): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', done);
        this.#heard = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#heard = done;
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }
}

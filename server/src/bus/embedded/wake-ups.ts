import { setTimeout as sleep } from 'node:timers/promises';

/** Tells waiting readers that a partition has news; a wake-up between two looks is never missed. */
export class WakeUps {
  readonly #versions = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Counts the wake-ups of everybody. */
  #common = 0;

  version(topic: string, partition: number): number {
    return (this.#versions.get(keyOf(topic, partition)) ?? 0) + this.#common;
  }

  wake(topic: string, partitions: readonly number[]): void {
    for (const partition of partitions) {
      const key = keyOf(topic, partition);
      this.#versions.set(key, (this.#versions.get(key) ?? 0) + 1);
      for (const awake of this.#waiting.get(key) ?? []) awake();
    }
  }

  /** After notifications may have been missed. */
  wakeAll(): void {
    this.#common++;
    for (const waiters of this.#waiting.values()) for (const awake of waiters) awake();
  }

  /** Resolves at the first wake-up after `version` was read, after `timeoutMs`, or when `signal` aborts. */
  async wait(topic: string, partition: number, version: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.version(topic, partition) !== version || signal.aborted) return;
    const key = keyOf(topic, partition);
    const waiters = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiters);
    const timer = new AbortController();
    let awake: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => {
      awake = resolve;
    });
    waiters.add(awake);
    const expired = sleep(timeoutMs, undefined, { signal: AbortSignal.any([signal, timer.signal]) }).catch(
      () => undefined,
    );
    await Promise.race([woken, expired]);
    waiters.delete(awake);
    timer.abort();
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}\n${partition}`;
}

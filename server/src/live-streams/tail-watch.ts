import { setTimeout as sleep } from 'node:timers/promises';
import type { Tenants } from '../identity/index.ts';
import type { StreamTail } from './stream-tail.ts';

export interface TailWatchOptions<T extends { readonly seq: bigint }> {
  /** @returns the number up to which everything can be read, for good */
  readonly look: () => Promise<bigint>;
  readonly tailOf: (tenants: Tenants) => StreamTail<T>;
  /** Called once when the database can't be read, until it can again. */
  readonly onFailed: (error: unknown) => void;
  readonly pollMs?: number;
}

interface Watched<T extends { readonly seq: bigint }> {
  readonly tail: StreamTail<T>;
  readonly wakes: Set<() => void>;
}

/** A tail that is kept up to date until nobody needs it any more. */
export interface WatchedTail<T extends { readonly seq: bigint }> {
  readonly tail: StreamTail<T>;
  stop(): void;
}

/**
 * Looks for what is new while somebody follows it. One short statement every tenth of a second finds what all processes write,
 * whichever way they do; a notification inside their transactions would make those wait for one another.
 */
export class TailWatch<T extends { readonly seq: bigint }> {
  readonly #options: TailWatchOptions<T>;
  readonly #watched = new Map<string, Watched<T>>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #hasFailed = false;

  constructor(options: TailWatchOptions<T>) {
    this.#options = options;
  }

  /** @param wake called when there is more to read */
  follow(tenants: Tenants, wake: () => void): WatchedTail<T> {
    const key = tenants === '*' ? '*' : [...tenants].sort().join(',');
    const watched = this.#watched.get(key) ?? { tail: this.#options.tailOf(tenants), wakes: new Set() };
    this.#watched.set(key, watched);
    const { tail, wakes } = watched;
    wakes.add(wake);
    this.#running ??= this.#run();
    return {
      tail,
      stop: () => {
        wakes.delete(wake);
        if (wakes.size === 0 && this.#watched.get(key) === watched) this.#watched.delete(key);
      },
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { pollMs = 100 } = this.#options;
    const { signal } = this.#closing;
    while (this.#watched.size > 0 && !signal.aborted) {
      try {
        await this.#round();
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed) this.#options.onFailed(error);
        this.#hasFailed = true;
      }
      await sleep(this.#hasFailed ? pollMs * 10 : pollMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    this.#running = undefined;
    // Somebody may have come while the last round went on.
    if (this.#watched.size > 0 && !signal.aborted) this.#running = this.#run();
  }

  async #round(): Promise<void> {
    const last = await this.#options.look();
    for (const { tail, wakes } of [...this.#watched.values()]) {
      if (await tail.advance(last)) for (const wake of wakes) wake();
    }
  }
}

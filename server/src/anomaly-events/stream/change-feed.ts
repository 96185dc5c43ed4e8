import { setTimeout as sleep } from 'node:timers/promises';
import { onlyTenants, type Pool } from '../../database/index.ts';
import type { Tenants } from '../../identity/index.ts';
import { changeEnd, numberChanges } from './anomaly-changes.ts';
import { ChangeTail } from './change-tail.ts';

export interface ChangeFeedOptions {
  readonly pool: Pool;
  /** Called once when the database can't be read, until it can again. */
  readonly onFailed: (error: unknown) => void;
  readonly pollMs?: number;
}

interface Followed {
  readonly tail: ChangeTail;
  readonly wakes: Set<() => void>;
}

/** A place in the feed for one stream. */
export interface Following {
  readonly tail: ChangeTail;
  stop(): void;
}

/**
 * Looks for changes while somebody follows them, and numbers those that are new: any API process does, whoever comes first. One
 * short statement every tenth of a second finds what all processes write, whichever way they do; a notification inside their
 * transactions would make those wait for one another.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #hasFailed = false;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  /** @param wake called when there is more to read */
  follow(tenants: Tenants, wake: () => void): Following {
    const key = tenants === '*' ? '*' : [...tenants].sort().join(',');
    let followed = this.#followed.get(key);
    if (!followed) {
      const tail = new ChangeTail(onlyTenants(this.#options.pool, tenants), tenants);
      followed = { tail, wakes: new Set() };
      this.#followed.set(key, followed);
    }
    const { tail, wakes } = followed;
    wakes.add(wake);
    this.#running ??= this.#run();
    return {
      tail,
      stop: () => {
        wakes.delete(wake);
        if (wakes.size === 0 && this.#followed.get(key)?.tail === tail) this.#followed.delete(key);
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
    while (this.#followed.size > 0 && !signal.aborted) {
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
    if (this.#followed.size > 0 && !signal.aborted) this.#running = this.#run();
  }

  async #round(): Promise<void> {
    const { pool } = this.#options;
    let { last, isBehind } = await changeEnd(pool);
    if (isBehind && (await numberChanges(pool)) > 0) ({ last } = await changeEnd(pool));
    for (const { tail, wakes } of [...this.#followed.values()]) {
      if (await tail.advance(last)) for (const wake of wakes) wake();
    }
  }
}

import type { FeatureEvent } from './feature-event.ts';
import { identityHash } from './identity-hash.ts';
import { type KeyEvent, KeyWindows, type WindowValues } from './key-windows.ts';

/** Keys looked at by one call of {@link KeyedWindows.evict}: about 0.1 ms. */
const keysPerSweep = 1_000;

export interface AddedEvent {
  readonly values: WindowValues;
  /** The transaction was there already and changed nothing. */
  readonly isRepeat: boolean;
}

/** Windows of many keys of one kind. */
export class KeyedWindows {
  readonly #keys: Map<string, KeyWindows>;
  #horizonMs: number;
  #sweep: Iterator<[string, KeyWindows]> | undefined;

  constructor(keys: Map<string, KeyWindows> = new Map(), horizonMs = Number.NEGATIVE_INFINITY) {
    this.#keys = keys;
    this.#horizonMs = horizonMs;
  }

  get horizonMs(): number {
    return this.#horizonMs;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Counts an event and gives the windows at its place. One up to the horizon is alone in them and is not kept. */
  add(key: string, event: KeyEvent): AddedEvent {
    if (event.timeMs <= this.#horizonMs) {
      const alone = new KeyWindows();
      alone.insert(event);
      return { values: alone.valuesAt(event, Number.NEGATIVE_INFINITY), isRepeat: false };
    }
    let windows = this.#keys.get(key);
    if (!windows) {
      windows = new KeyWindows();
      this.#keys.set(key, windows);
    }
    const isRepeat = windows.has(event);
    if (!isRepeat) windows.insert(event);
    return { values: windows.valuesAt(event, this.#horizonMs), isRepeat };
  }

  /**
   * Events up to and including `untilMs` count no more from now on; their memory is freed a thousand keys a call, so that
   * no call takes long.
   */
  evict(untilMs: number): void {
    this.#horizonMs = Math.max(this.#horizonMs, untilMs);
    this.#sweep ??= this.#keys.entries();
    for (let left = keysPerSweep; left > 0; left -= 1) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      const [key, windows] = next.value;
      if (windows.dropUntil(this.#horizonMs)) this.#keys.delete(key);
    }
  }

  /** What is within the horizon, key by key. */
  *entries(): Generator<[string, KeyWindows]> {
    for (const entry of this.#keys) {
      if (entry[1].dropUntil(this.#horizonMs)) this.#keys.delete(entry[0]);
      else yield entry;
    }
  }
}

/** An event as the windows of one side keep it. */
export function keyEventOf(event: FeatureEvent, peer: string): KeyEvent {
  return {
    timeMs: event.occurredMs,
    currency: event.currency,
    amount: Math.round(event.amount * 1_000),
    id: identityHash(event.transactionId),
    peer: identityHash(peer),
  };
}

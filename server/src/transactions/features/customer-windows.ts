import type { FeatureEvent, Features } from './feature-event.ts';
import { historyFeatures, windowFeatures } from './history-features.ts';
import { KeyedWindows, keyEventOf } from './keyed-windows.ts';
import { readKeyedWindows, writeKeyedWindows } from './keyed-windows-bytes.ts';
import { SnapshotReader, SnapshotWriter } from './snapshot-bytes.ts';

export interface AddedTransaction {
  /** Values by name, those of this stage only. */
  readonly features: Features;
  /** The transaction was counted before; it changed nothing and gets the values of its place as of now. */
  readonly isRepeat: boolean;
}

/** What customers and their cards have done in the last 14 days: the state of one partition by customer. */
export class CustomerWindows {
  readonly #customers: KeyedWindows;
  readonly #cards: KeyedWindows;

  constructor(customers: KeyedWindows = new KeyedWindows(), cards: KeyedWindows = new KeyedWindows()) {
    this.#customers = customers;
    this.#cards = cards;
  }

  /** Customers and cards that something is remembered of. */
  get keys(): number {
    return this.#customers.size + this.#cards.size;
  }

  /** Counts a transaction, wherever in time it belongs, and works out its features. A transaction counts once. */
  add(event: FeatureEvent): AddedTransaction {
    const keyEvent = keyEventOf(event, event.terminal);
    const key = `${event.tenant}\0${event.customer}`;
    const { values, isRepeat } = this.#customers.add(key, keyEvent);
    const features: Features = {};
    windowFeatures(features, 'customer', values);
    historyFeatures(features, keyEvent, values);
    if (event.card !== undefined) {
      // A card's windows are those of this customer's use of it: another customer's events are in another partition.
      windowFeatures(features, 'card', this.#cards.add(`${key}\0${event.card}`, keyEvent).values);
    }
    return { features, isRepeat };
  }

  /** Events up to and including `untilMs` count no more; see {@link horizonAt}. Memory is freed little by little. */
  evict(untilMs: number): void {
    this.#customers.evict(untilMs);
    this.#cards.evict(untilMs);
  }

  /** The state as bytes, about 32 an event. Holds tokens and amounts: to be sealed wherever it is stored. */
  snapshot(): Uint8Array {
    const writer = new SnapshotWriter('customer');
    writeKeyedWindows(writer, this.#customers);
    writeKeyedWindows(writer, this.#cards);
    return writer.bytes();
  }

  /** @throws {IntegrityError} `record-tampered` if the bytes aren't a snapshot of this kind and version */
  static restore(bytes: Uint8Array): CustomerWindows {
    const reader = new SnapshotReader(bytes, 'customer');
    const customers = readKeyedWindows(reader);
    const cards = readKeyedWindows(reader);
    reader.assertEnd();
    return new CustomerWindows(customers, cards);
  }
}

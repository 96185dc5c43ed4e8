import type { AddedTransaction } from './customer-windows.ts';
import type { FeatureEvent, Features, OutcomeEvent } from './feature-event.ts';
import { reportFeatures, terminalFeatures, windowFeatures } from './history-features.ts';
import { identityHash } from './identity-hash.ts';
import { KeyedReports, readKeyedReports, writeKeyedReports } from './keyed-reports.ts';
import { KeyedWindows, keyEventOf } from './keyed-windows.ts';
import { readKeyedWindows, writeKeyedWindows } from './keyed-windows-bytes.ts';
import { SnapshotReader, SnapshotWriter } from './snapshot-bytes.ts';

/** What happened at terminals in the last 14 days: the state of one partition by terminal. */
export class TerminalWindows {
  readonly #terminals: KeyedWindows;
  readonly #reports: KeyedReports;

  constructor(terminals: KeyedWindows = new KeyedWindows(), reports: KeyedReports = new KeyedReports()) {
    this.#terminals = terminals;
    this.#reports = reports;
  }

  /** Terminals that something is remembered of. */
  get keys(): number {
    return this.#terminals.size;
  }

  /** Counts a transaction, wherever in time it belongs, and works out its features. A transaction counts once. */
  add(event: FeatureEvent): AddedTransaction {
    const keyEvent = keyEventOf(event, event.customer);
    const key = `${event.tenant}\0${event.terminal}`;
    const { values, isRepeat } = this.#terminals.add(key, keyEvent);
    const features: Features = {};
    windowFeatures(features, 'terminal', values);
    terminalFeatures(features, keyEvent, values);
    reportFeatures(features, keyEvent.timeMs, (fromMs, toMs) => ({
      count: this.#reports.countBetween(key, fromMs, toMs),
      latestMs: this.#reports.latestBetween(key, fromMs, toMs),
    }));
    return { features, isRepeat };
  }

  /** Takes in what a transaction turned out to be, for the decisions from `knownMs` on that are made after this. */
  outcome(event: OutcomeEvent): void {
    const { tenant, terminal, transactionId, knownMs, fraud } = event;
    this.#reports.learn(`${tenant}\0${terminal}`, identityHash(transactionId), knownMs, fraud);
  }

  /** Events up to and including `untilMs` count no more; see {@link horizonAt}. Memory is freed little by little. */
  evict(untilMs: number): void {
    this.#terminals.evict(untilMs);
    this.#reports.evict(untilMs);
  }

  /** The state as bytes, about 32 an event. Holds tokens and amounts: to be sealed wherever it is stored. */
  snapshot(): Uint8Array {
    const writer = new SnapshotWriter('terminal');
    writeKeyedWindows(writer, this.#terminals);
    writeKeyedReports(writer, this.#reports);
    return writer.bytes();
  }

  /** @throws {IntegrityError} `record-tampered` if the bytes aren't a snapshot of this kind and version */
  static restore(bytes: Uint8Array): TerminalWindows {
    const reader = new SnapshotReader(bytes, 'terminal');
    const terminals = readKeyedWindows(reader);
    const reports = readKeyedReports(reader);
    reader.assertEnd();
    return new TerminalWindows(terminals, reports);
  }
}

import type { DecidedTransaction } from '@sdp/shared/contracts';
import type { StoredTransaction, TransactionName } from '../store/transaction-store.ts';

export interface DecisionBoardOptions {
  /** Looks the transactions up in the database. */
  readonly find: (names: readonly TransactionName[]) => Promise<readonly StoredTransaction[]>;
  readonly onLookFailed: () => void;
  /** How often the database is looked into for those who wait longer than this. */
  readonly lookMs?: number;
}

const maxLooks = 1_000;
/** Decisions that this process has answered with and may be asked for before they are stored. */
const maxRemembered = 10_000;

/** A place where a transaction's decision is waited for. */
export interface Expected extends TransactionName {
  /**
   * This process has put the transaction on the bus: no result of it can have been in the log before, so the first one seen is
   * the decision. For any other transaction only the database tells which result was first.
   */
  markFirstHand(): void;
  /** The decision as the database has it. */
  settle(decided: DecidedTransaction): void;
  /** Call it once, however it ended. */
  release(): void;
  /** @returns undefined when `timeoutMs` is over */
  wait(timeoutMs: number): Promise<DecidedTransaction | undefined>;
}

interface Entry extends TransactionName {
  readonly since: number;
  users: number;
  isFirstHand: boolean;
  /** The first result that was seen. */
  seen?: DecidedTransaction;
  decided?: DecidedTransaction;
  readonly listeners: Set<() => void>;
}

/** Brings decisions to the requests that wait for them: by the results in the log, and by a slow look into the database for what these missed. */
export class DecisionBoard {
  readonly #options: DecisionBoardOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #remembered = new Map<string, DecidedTransaction>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;

  constructor(options: DecisionBoardOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.lookMs ?? 250);
  }

  /** Transactions that are waited for. */
  get size(): number {
    return this.#entries.size;
  }

  /** Call it before the transaction can get onto the bus. */
  expect(name: TransactionName): Expected {
    const key = keyOf(name);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const { clientId, transactionId } = name;
      entry = { clientId, transactionId, since: Date.now(), users: 0, isFirstHand: false, listeners: new Set() };
      this.#entries.set(key, entry);
    }
    entry.users++;
    return this.#handle(key, entry);
  }

  /** A result from the log, in the order of the log. */
  onResult(clientId: string, decided: DecidedTransaction): void {
    const entry = this.#entries.get(keyOf({ clientId, transactionId: decided.transaction_id }));
    if (entry === undefined) return;
    entry.seen ??= decided;
    if (entry.isFirstHand) this.#decide(entry, entry.seen);
  }

  /** What this process has answered lately: it is stored a moment later. */
  remembered(name: TransactionName): DecidedTransaction | undefined {
    return this.#remembered.get(keyOf(name));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const entry of this.#entries.values()) for (const wake of entry.listeners) wake();
  }

  #handle(key: string, entry: Entry): Expected {
    const { clientId, transactionId } = entry;
    return {
      clientId,
      transactionId,
      markFirstHand: () => {
        entry.isFirstHand = true;
        if (entry.seen !== undefined) this.#decide(entry, entry.seen);
      },
      settle: (decided) => this.#decide(entry, decided),
      release: () => {
        entry.users--;
        if (entry.users === 0) this.#entries.delete(key);
      },
      wait: (timeoutMs) => waitFor(entry, timeoutMs),
    };
  }

  #decide(entry: Entry, decided: DecidedTransaction): void {
    if (entry.decided !== undefined) return;
    entry.decided = decided;
    const key = keyOf(entry);
    this.#remembered.set(key, decided);
    if (this.#remembered.size > maxRemembered) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    for (const wake of entry.listeners) wake();
  }

  #look(): void {
    if (this.#looking !== undefined) return;
    const before = Date.now() - (this.#options.lookMs ?? 250);
    const names: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.decided !== undefined || (entry.since > before && entry.seen === undefined)) continue;
      names.push(entry);
      if (names.length === maxLooks) break;
    }
    if (names.length === 0) return;
    this.#looking = this.#lookFor(names)
      .catch(() => this.#options.onLookFailed())
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #lookFor(names: readonly Entry[]): Promise<void> {
    const entries = new Map(names.map((entry) => [keyOf(entry), entry]));
    for (const stored of await this.#options.find(names)) {
      const entry = entries.get(keyOf(stored));
      if (entry !== undefined && stored.decided !== undefined) this.#decide(entry, stored.decided);
    }
    // Those that were looked for in vain queue up again behind the others.
    for (const [key, entry] of entries) {
      if (entry.decided !== undefined || this.#entries.get(key) !== entry) continue;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
  }
}

async function waitFor(entry: Entry, timeoutMs: number): Promise<DecidedTransaction | undefined> {
  if (entry.decided !== undefined || timeoutMs <= 0) return entry.decided;
  await new Promise<void>((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      entry.listeners.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, timeoutMs);
    entry.listeners.add(wake);
  });
  return entry.decided;
}

function keyOf({ clientId, transactionId }: TransactionName): string {
  return `${clientId}/${transactionId}`;
}

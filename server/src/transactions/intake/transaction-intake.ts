import type { DecidedTransaction, Transaction } from '@sdp/shared/contracts';
import { constantTimeEqual } from '@sdp/shared/crypto';
import { UnavailableError } from '@sdp/shared/errors';
import type { MessageSealer, OutgoingMessage, TraceContext } from '@sdp/shared/messaging';
import { GroupCommit, type Pool } from '../../database/index.ts';
import { findTransactions, type NewTransaction, type TransactionName } from '../store/transaction-store.ts';
import { messageKey, receivedContract, transactionTopics } from '../transaction-flow.ts';
import type { IngestLog } from './ingest-log.ts';
import type { ContentDigest } from './transaction-content.ts';

export interface TransactionIntakeOptions {
  readonly pool: Pool;
  readonly log: IngestLog;
  readonly sealer: MessageSealer;
  readonly digest: ContentDigest;
  /** Bound on transactions that wait to be stored. */
  readonly maxWaiting: number;
}

export interface Submission {
  readonly clientId: string;
  readonly transaction: Transaction;
  readonly trace?: TraceContext | undefined;
}

/** What became of a transaction that was handed in; by then it is on the bus, or was handed in before. */
export type Accepted =
  | { readonly kind: 'new'; readonly receivedAt: Date }
  | { readonly kind: 'repeat'; readonly receivedAt: Date; readonly decided?: DecidedTransaction }
  /** The id stands for another content. */
  | { readonly kind: 'conflict' };

interface Item extends Submission, TransactionName {
  readonly sha256: Buffer;
  readonly receivedAt: Date;
}

/** In one statement: as many as half a second brings at the rate the product is made for. */
const maxGroup = 500;

/** Takes transactions onto the bus, each id once. Requests that come together are stored together. */
export class TransactionIntake {
  readonly #options: TransactionIntakeOptions;
  readonly #group: GroupCommit<Item, Accepted>;
  #waiting = 0;

  constructor(options: TransactionIntakeOptions) {
    this.#options = options;
    this.#group = new GroupCommit((items) => this.#accept(items), maxGroup);
  }

  /** Transactions that are being stored. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * @returns one answer for each, in order
   * @throws {UnavailableError} `server-busy`, `database-unavailable`, `bus-unavailable`: hand it in again
   */
  async submit(submissions: readonly Submission[]): Promise<readonly Accepted[]> {
    if (this.#waiting + submissions.length > this.#options.maxWaiting) {
      throw new UnavailableError('server-busy', {
        message: 'More transactions wait than the server takes',
        details: { retryAfterSeconds: 1 },
      });
    }
    this.#waiting += submissions.length;
    try {
      const receivedAt = new Date();
      return await Promise.all(
        submissions.map(({ clientId, transaction, trace }) =>
          this.#group.run({
            clientId,
            transactionId: transaction.transaction_id,
            transaction,
            trace,
            sha256: this.#options.digest(clientId, transaction),
            receivedAt,
          }),
        ),
      );
    } finally {
      this.#waiting -= submissions.length;
    }
  }

  async drained(): Promise<void> {
    await this.#group.drained();
  }

  async #accept(items: readonly Item[]): Promise<readonly Accepted[]> {
    const { log, pool } = this.#options;
    const first = new Map<string, Item>();
    for (const item of items) if (!first.has(nameOf(item))) first.set(nameOf(item), item);
    // In one order for all processes; see insertTransactions.
    const fresh = [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
    const inserted = new Set((await log.append(fresh.map(toNew), await this.#seal(fresh))).map(nameOf));

    const others = items.filter((item) => !inserted.has(nameOf(item)) || first.get(nameOf(item)) !== item);
    const stored = others.length === 0 ? [] : await findTransactions(pool, others);
    const known = new Map(stored.map((each) => [nameOf(each), each]));
    return items.map((item) => {
      if (inserted.has(nameOf(item)) && first.get(nameOf(item)) === item) {
        return { kind: 'new', receivedAt: item.receivedAt };
      }
      const earlier = known.get(nameOf(item));
      // Past its retention between the two statements: nobody can say any more whether it is the same.
      if (earlier === undefined || !constantTimeEqual(earlier.sha256, item.sha256)) return { kind: 'conflict' };
      const { receivedAt, decided } = earlier;
      return { kind: 'repeat', receivedAt, ...(decided && { decided }) };
    });
  }

  async #seal(items: readonly Item[]): Promise<OutgoingMessage[]> {
    const { sealer } = this.#options;
    sealer.assertWritable(transactionTopics.ingest);
    return sealer.seal(
      items.map(({ clientId, transaction, receivedAt, trace }) =>
        sealer.prepare(transactionTopics.ingest, {
          key: messageKey(clientId, transaction.customer),
          contract: receivedContract,
          payload: { transaction, received_ms: receivedAt.getTime() },
          eventId: transaction.transaction_id,
          tenant: clientId,
          ...(trace && { trace }),
        }),
      ),
    );
  }
}

function toNew({ clientId, transactionId, transaction, sha256, receivedAt }: Item): NewTransaction {
  return {
    clientId,
    transactionId,
    sha256,
    terminal: transaction.terminal,
    occurredAt: new Date(transaction.occurred_at),
    receivedAt,
  };
}

function nameOf({ clientId, transactionId }: TransactionName): string {
  return `${clientId}/${transactionId}`;
}

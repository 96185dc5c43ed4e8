import { SdpError } from '@sdp/shared/errors';
import type { AssignedPartition, BusMessage, StageBatch, StageOptions, StageResult } from '@sdp/shared/messaging';
import type { Queryable } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import type { BackupMetrics } from './backup-metrics.ts';
import { after, type Standing, standAt, takeFresh } from './chain-rules.ts';
import { type Advance, advanceHead, readHead } from './chain-store.ts';
import { findTip } from './chain-tip.ts';
import { type KeepOptions, type Kept, keepMessages } from './keep-messages.ts';

export interface TopicBackupOptions extends KeepOptions {
  readonly topic: string;
  readonly pool: Queryable;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: BackupMetrics;
  /** For how long a message may wait in the log, so that an object holds more than one. */
  readonly everyMs: number;
  readonly now?: () => number;
}

interface Next {
  readonly standing: Standing;
  readonly kept: Kept;
}

/** An outage, as long as it lasts. */
export interface BackupOutage {
  readonly since: Date;
  readonly attempts: number;
  readonly detail: string;
}

/**
 * Keeps what comes in one topic. The object and its manifest entry are safe before a batch is settled; the end of the chain moves in the
 * transaction of the offsets where the bus has one, and before them elsewhere.
 */
export class TopicBackup {
  readonly #options: TopicBackupOptions;
  readonly #standings = new Map<number, Standing>();
  /** What the batch in hand comes to once it is settled. */
  readonly #next = new Map<number, Next>();
  #outage: BackupOutage | undefined;
  /** What came later than this is not in the batch in hand. */
  #newestMs = 0;
  #restUntil = 0;
  #begunAt: number | undefined;
  #hasMoved = false;

  constructor(options: TopicBackupOptions) {
    this.#options = options;
  }

  get outage(): BackupOutage | undefined {
    return this.#outage;
  }

  stage(): Pick<StageOptions, 'handler' | 'onAssigned' | 'onRevoked' | 'onSettled' | 'restMs'> {
    return {
      handler: (batch) => this.#handle(batch),
      onAssigned: (partition) => this.#assigned(partition),
      onRevoked: (partition) => {
        this.#standings.delete(partition);
        this.#next.delete(partition);
      },
      onSettled: (partition) => this.#settled(partition),
      restMs: () => Math.max(0, this.#restUntil - this.#now()),
    };
  }

  /** Whether it does something, rests, or waits for a place that is away: whatever waits then waits for good reason. */
  hasMoved(longestMs: number): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    const isAtWork = this.#begunAt !== undefined && this.#now() - this.#begunAt < longestMs;
    return hasMoved || isAtWork || this.#outage !== undefined || this.#restUntil > this.#now();
  }

  async #assigned({ topic, partition, nextOffset }: AssignedPartition): Promise<void> {
    this.#hasMoved = true;
    const { pool, store, keys, bus, logger, metrics } = this.#options;
    const head =
      (await readHead(pool, store.place, topic, partition)) ?? (await findTip(store, keys, topic, partition));
    const { standing, break: found } = standAt(head, bus, nextOffset);
    this.#standings.set(partition, standing);
    const { generation } = standing;
    if (found.kind === 'anew') {
      logger.warn({ topic, partition, generation }, 'the backup begins anew: the log is another one, or is read again');
    } else if (found.kind === 'lost') {
      metrics.lost(topic, Number(found.messages));
      logger.warn(
        { topic, partition, count: String(found.messages) },
        'the log no longer has what the backup was to keep',
      );
    }
  }

  async #handle({ messages, signal }: StageBatch): Promise<StageResult> {
    const { topic, logger, store } = this.#options;
    this.#begunAt = this.#now();
    this.#restUntil = 0;
    this.#next.clear();
    try {
      const parts = [...Map.groupBy(messages, ({ partition }) => partition)];
      const advances = (await Promise.all(parts.map(([partition, all]) => this.#keep(partition, all, signal)))).flat();
      if (this.#outage !== undefined) logger.info({ topic, place: store.place }, 'the backup goes on');
      this.#outage = undefined;
      this.#newestMs = Math.min(...parts.map(([, all]) => all.at(-1)?.timestamp.getTime() ?? 0));
      return {
        write: async (transaction) => {
          for (const advance of advances) await advanceHead(transaction, advance);
        },
      };
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
      throw error;
    } finally {
      this.#begunAt = undefined;
      this.#hasMoved = true;
    }
  }

  async #keep(partition: number, messages: readonly BusMessage[], signal: AbortSignal): Promise<Advance[]> {
    const { topic, store } = this.#options;
    const standing = this.#standings.get(partition);
    if (standing === undefined) throw new Error('a message came before its partition');
    const taken = takeFresh(standing, messages);
    if (taken.fresh.length === 0) return [];
    const kept = await keepMessages(this.#options, taken.standing, taken.fresh, signal);
    this.#next.set(partition, { standing: after(taken.standing, kept.head), kept });
    return [{ place: store.place, topic, partition, before: standing.head, after: kept.head }];
  }

  /**
   * What comes after this batch may wait until the batch's newest message is so old: nothing waits for longer, and where a
   * backlog is to be worked off there is no rest.
   */
  #settled(partition: number): void {
    const { topic, metrics, everyMs } = this.#options;
    this.#restUntil = Math.min(this.#now(), this.#newestMs) + everyMs;
    const next = this.#next.get(partition);
    if (next === undefined) return;
    this.#next.delete(partition);
    this.#standings.set(partition, next.standing);
    metrics.kept(topic, next.kept);
  }

  #fail(error: unknown): void {
    const { topic, store, metrics, logger } = this.#options;
    metrics.failed(topic);
    const detail = error instanceof SdpError ? error.message : 'something went wrong';
    const { since = new Date(), attempts = 0 } = this.#outage ?? {};
    this.#outage = { since, attempts: attempts + 1, detail };
    // Told less and less often; the stage has a line for each attempt.
    const isTold = Number.isInteger(Math.log2(attempts + 1));
    const fields = { topic, place: store.place, attempt: attempts + 1, ...errorFields(error) };
    if (isTold) logger.warn(fields, 'the backup cannot be written, its messages wait in the log');
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

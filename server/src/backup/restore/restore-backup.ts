import { IntegrityError, UnavailableError, UsageError } from '@sdp/shared/errors';
import { type BusPort, type MessageAudit, messageHeaders, recordAll } from '@sdp/shared/messaging';
import type { TopicReader } from '../../bus/index.ts';
import type { Pool } from '../../database/index.ts';
import type { BackupKeys } from '../backup-keys.ts';
import type { ChainHead } from '../chain-rules.ts';
import type { ManifestEntry } from '../manifest-entry.ts';
import type { KeptMessage } from '../message-lines.ts';
import { objectFaults, openKept } from '../open-kept.ts';
import { readChains } from '../read-chains.ts';
import type { BackupStore } from '../store/backup-store.ts';
import { KeptSealer, type ResealedKept, type ResealParts } from './reseal-kept.ts';
import { inOrderOfTime, overlaps } from './restore-order.ts';
import {
  beginRestore,
  findRestore,
  noteRestore,
  type RestoreRange,
  type RestoreRecord,
  type SentUpTo,
} from './restore-record.ts';

export interface RestoreOptions extends ResealParts {
  readonly store: BackupStore;
  readonly keys: BackupKeys;
  readonly heads: ReadonlyMap<string, ChainHead>;
  readonly pool: Pool;
  readonly bus: Pick<BusPort, 'publish'>;
  readonly reader: TopicReader;
  readonly audit: MessageAudit;
  readonly topic: string;
  readonly into: string;
  readonly from: Date;
  /** Now, or as in the restore that is continued, where left out. */
  readonly to: Date | undefined;
  /** Opens and checks everything, and sends nothing. */
  readonly isDryRun?: boolean;
  /** Once more, though it was done. */
  readonly isAgain?: boolean;
  /** Leaves out what is missing or damaged, in place of stopping there. */
  readonly isIncomplete?: boolean;
  readonly onProgress?: (done: number, all: number) => void;
  /** Sent at once; 500 where left out. */
  readonly batchMessages?: number;
}

export interface RestoredPartition {
  readonly partition: number;
  /** In the range. */
  messages: number;
  sent: number;
  /** By an earlier run that was interrupted. */
  sentBefore: number;
  /** Refused already when they were kept. */
  refused: number;
  /** Put into this topic by a restore of this topic: what they repeat is kept too. */
  copies: number;
  /** Genuine then; now a key is missing, or they may not go there. */
  unopened: number;
}

export interface RestoreReport extends RestoreRange {
  readonly id: string | undefined;
  readonly isContinued: boolean;
  readonly partitions: readonly RestoredPartition[];
  /** Objects and entries that were left out. */
  readonly missing: number;
}

const batchBytes = 4 * 1024 * 1024;
const advisoryLock = 72_707_431;
/** Of the ids of messages that were restored into the topic they come from. */
const copyPrefix = 'copy-';

/**
 * Sends kept messages of a time range again. A run that was interrupted is continued by the next one with the same range, and
 * nothing is sent twice: what the last batch of it came to is read from the topic itself.
 *
 * @throws {UsageError} `usage-invalid` for a restore that was done already, or a topic that isn't there
 * @throws {IntegrityError} `backup-tampered` where something of the range is missing or damaged
 * @throws {RejectedError} `topic-forbidden`
 * @throws {UnavailableError} `server-busy` while another process restores; `backup-unavailable`, `bus-unavailable`, `database-unavailable`
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const lock = await options.pool.connect();
  try {
    const { rows } = await lock.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [advisoryLock]);
    if (rows[0]?.locked !== true) {
      throw new UnavailableError('server-busy', {
        message: 'Another process restores a backup',
        remedy: 'Wait until it is done, then run the command again.',
      });
    }
    try {
      return await new Restore(options).run();
    } finally {
      await lock.query('SELECT pg_advisory_unlock($1)', [advisoryLock]);
    }
  } finally {
    lock.release();
  }
}

class Restore {
  readonly #options: RestoreOptions;
  readonly #sealer: KeptSealer;
  readonly #counts = new Map<number, RestoredPartition>();
  readonly #positions = new Map<number, SentUpTo>();
  #record: RestoreRecord | undefined;
  #continued: RestoreRecord | undefined;
  #sentBefore: ReadonlySet<string> = new Set();
  #sent = 0;
  #missing = 0;

  constructor(options: RestoreOptions) {
    this.#options = options;
    this.#sealer = new KeptSealer(options, options.topic, options.into);
  }

  async run(): Promise<RestoreReport> {
    const { isDryRun = false, pool, into, topic, from, store, onProgress } = this.#options;
    if (!(await this.#options.reader.topics()).includes(into)) {
      throw new UsageError('usage-invalid', {
        message: 'There is no topic of this name on the bus',
        remedy: 'Make it first: `sdp-server topics apply`.',
      });
    }
    const asked = { place: store.place, topic, into, from };
    const earlier = await findRestore(pool, { ...asked, to: this.#options.to });
    const isContinued = !isDryRun && earlier !== undefined && earlier.finishedAt === undefined;
    const to = (isContinued ? earlier.to : this.#options.to) ?? new Date();
    if (
      !isDryRun &&
      earlier?.finishedAt !== undefined &&
      this.#options.to !== undefined &&
      this.#options.isAgain !== true
    ) {
      throw new UsageError('usage-invalid', {
        message: `This range was restored on ${earlier.finishedAt.toISOString()}`,
        remedy: 'Add --again to send it once more.',
      });
    }
    const entries = await this.#entries(to);
    if (isContinued) await this.#continue(earlier);
    else if (!isDryRun) this.#record = await beginRestore(pool, { ...asked, to }, await this.#ends());
    for (const [done, entry] of entries.entries()) {
      await this.#restore(entry, to, isDryRun);
      onProgress?.(done + 1, entries.length);
    }
    if (this.#record !== undefined) await this.#note(true);
    return {
      ...asked,
      ...{ to, isContinued, id: this.#record?.id, missing: this.#missing },
      partitions: [...this.#counts.values()].toSorted((a, b) => a.partition - b.partition),
    };
  }

  async #entries(to: Date): Promise<ManifestEntry[]> {
    const { topic, from, isIncomplete } = this.#options;
    const chains = await readChains({ ...this.#options, topic, since: from });
    const damaged = chains.flatMap(({ holes, changed }) => [...holes, ...changed]).length;
    if (damaged > 0 && isIncomplete !== true) {
      throw tampered('Entries of the manifest are missing or were changed');
    }
    this.#missing += damaged;
    return inOrderOfTime(chains.map(({ entries }) => entries.filter((entry) => overlaps(entry, from, to))));
  }

  /** Goes on where the run before was, and finds out what became of its last batch. */
  async #continue(record: RestoreRecord): Promise<void> {
    const { reader, into } = this.#options;
    this.#record = record;
    this.#continued = record;
    this.#sent = record.sent;
    for (const [partition, position] of record.positions) this.#positions.set(partition, position);
    const sent = new Set<string>();
    for (const { partition, end } of await reader.ranges(into)) {
      for await (const messages of reader.read(into, partition, record.ends.get(partition) ?? 0n, end)) {
        for (const { headers } of messages) {
          const id = headers[messageHeaders.eventId] ?? '';
          if (id.startsWith(this.#prefix)) sent.add(id);
        }
      }
    }
    this.#sentBefore = sent;
    this.#sent += sent.size;
  }

  async #restore(entry: ManifestEntry, to: Date, isDryRun: boolean): Promise<void> {
    const { store, keys, from, isIncomplete, batchMessages = 500 } = this.#options;
    const opened = await openKept(store, keys, entry);
    if ('fault' in opened) {
      if (isIncomplete !== true) throw tampered(`${entry.object}: ${objectFaults[opened.fault]}`);
      this.#missing++;
      return;
    }
    const inRange = opened.messages.filter(({ at }) => at >= from && at < to);
    const counts = this.#countsOf(entry.partition);
    counts.messages += inRange.length;
    let batch: ResealedKept[] = [];
    let bytes = 0;
    for (const kept of inRange) {
      if (this.#isDone(entry, kept)) {
        counts.sentBefore++;
        continue;
      }
      const resealed = await this.#reseal(entry, kept, counts);
      if (resealed === undefined) continue;
      batch.push(resealed);
      bytes += resealed.message.value.byteLength;
      if (batch.length < batchMessages && bytes < batchBytes) continue;
      if (!isDryRun) await this.#send(batch);
      this.#reach(entry, kept);
      [batch, bytes] = [[], 0];
    }
    if (!isDryRun && batch.length > 0) await this.#send(batch);
    const last = inRange.at(-1);
    if (last !== undefined) this.#reach(entry, last);
  }

  async #reseal(entry: ManifestEntry, kept: KeptMessage, counts: RestoredPartition): Promise<ResealedKept | undefined> {
    if (kept.refused !== undefined) {
      counts.refused++;
      return undefined;
    }
    if (kept.headers[messageHeaders.eventId]?.startsWith(copyPrefix)) {
      counts.copies++;
      return undefined;
    }
    // The same for the same message of the same restore: whoever takes it twice all the same knows it.
    const eventId = `${this.#prefix}${entry.generation}-${entry.partition}-${kept.offset}`;
    if (this.#sentBefore.has(eventId)) {
      counts.sentBefore++;
      return undefined;
    }
    const resealed = await this.#sealer.reseal(kept, eventId);
    if (resealed === undefined) counts.unopened++;
    else counts.sent++;
    return resealed;
  }

  /** Notes first what came before: a run that dies while it sends leaves one batch to be looked for. */
  async #send(batch: readonly ResealedKept[]): Promise<void> {
    const { bus, into, audit } = this.#options;
    await this.#note(false);
    await recordAll(
      audit,
      batch.map(({ auditLine }) => auditLine),
    );
    await bus.publish(
      into,
      batch.map(({ message }) => message),
    );
    this.#sent += batch.length;
  }

  async #note(isDone: boolean): Promise<void> {
    const { pool } = this.#options;
    if (this.#record === undefined) return;
    const state = { positions: this.#positions, ends: await this.#ends(), sent: this.#sent };
    await noteRestore(pool, this.#record.id, state, isDone);
  }

  /** Of the ids of what this restore sends. */
  get #prefix(): string {
    const { topic, into } = this.#options;
    return `${topic === into ? copyPrefix : 'restored-'}${this.#record?.id ?? 'none'}-`;
  }

  async #ends(): Promise<ReadonlyMap<number, bigint>> {
    const { reader, into } = this.#options;
    // What the run before had sent last lies behind these, and has to be found again if this one dies too.
    if (this.#continued !== undefined) return this.#continued.ends;
    return new Map((await reader.ranges(into)).map(({ partition, end }) => [partition, end]));
  }

  #isDone({ partition, sequence }: ManifestEntry, { offset }: KeptMessage): boolean {
    const reached = this.#record === undefined ? undefined : this.#positions.get(partition);
    if (reached === undefined) return false;
    return sequence < reached.sequence || (sequence === reached.sequence && offset <= reached.offset);
  }

  #reach({ partition, sequence }: ManifestEntry, { offset }: KeptMessage): void {
    const reached = this.#positions.get(partition);
    if (reached === undefined || reached.sequence <= sequence) this.#positions.set(partition, { sequence, offset });
  }

  #countsOf(partition: number): RestoredPartition {
    const counts = this.#counts.get(partition) ?? {
      ...{ partition, messages: 0, sent: 0, sentBefore: 0, refused: 0, copies: 0, unopened: 0 },
    };
    this.#counts.set(partition, counts);
    return counts;
  }
}

function tampered(message: string): IntegrityError {
  return new IntegrityError('backup-tampered', {
    message,
    remedy: '`sdp-server backup verify` names all of it; --incomplete restores what is there.',
  });
}

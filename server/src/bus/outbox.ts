import { setTimeout as sleep } from 'node:timers/promises';
import { RejectedError } from '@sdp/shared/errors';
import type { BusPort, OutgoingMessage, SqlTransaction } from '@sdp/shared/messaging';
import { asDatabaseError, type Pool, type PoolClient, withTransaction } from '../database/index.ts';
import type { BusLogger } from './bus-logger.ts';
import { decodeHeaders, encodeHeaders } from './embedded/append.ts';
import { EmbeddedBus, type PublishIn } from './embedded/embedded-bus.ts';
import { ensureSegments, isMissingSegment } from './embedded/segments.ts';
import { pause, retryDelayMs } from './retry.ts';

/** Under the size that Kafka takes by default, with room for key and headers. */
export const maxMessageBytes = 900 * 1024;

/**
 * Puts a message into the outbox, inside the transaction that writes what it tells of: both happen or neither does. The
 * relay publishes it afterwards.
 *
 * @throws {RejectedError} `payload-too-large` for more than {@link maxMessageBytes}
 */
export async function enqueue(transaction: SqlTransaction, topic: string, message: OutgoingMessage): Promise<void> {
  if (message.value.byteLength > maxMessageBytes) {
    // Refused here: behind it in the outbox everything else would wait for ever.
    throw new RejectedError('payload-too-large', { message: 'The message is larger than the bus takes' });
  }
  await transaction.query('INSERT INTO outbox (topic, key, headers, value) VALUES ($1, $2, $3, $4)', [
    topic,
    message.key,
    encodeHeaders(message.headers),
    message.value,
  ]);
}

export interface OutboxRelayOptions {
  readonly pool: Pool;
  readonly bus: BusPort;
  readonly logger: BusLogger;
  /** How often the outbox is looked at without being woken. */
  readonly pollMs?: number;
  /** Called with what went out. What is published twice comes twice. */
  readonly onPublished?: (messages: readonly PublishedMessage[]) => void;
}

/** A message that has left the outbox. */
export interface PublishedMessage {
  readonly topic: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
}

export interface OutboxRelay {
  /** Call after a commit that enqueued something. */
  wake(): void;
  lag(): Promise<{ readonly messages: number; readonly oldestSeconds: number }>;
  /** Finishes the round in hand. */
  close(deadlineMs: number): Promise<void>;
}

const batchMessages = 1_000;
const batchBytes = 8 * 1024 * 1024;
/** As many as the bounds allow, at least one. */
const oldestSql = `
  SELECT id, topic, key, headers, value
    FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY id) AS bytes, row_number() OVER (ORDER BY id) AS nth
            FROM (SELECT * FROM outbox ORDER BY id LIMIT ${batchMessages}) oldest) counted
   WHERE bytes <= ${batchBytes} OR nth = 1
   ORDER BY id`;
/** Only one relay moves messages at a time, whichever process it runs in: two would break the order per key. */
const advisoryLock = 7_270_738;
const retry = { maxAttempts: 0, initialDelayMs: 100, maxDelayMs: 10_000 };

/**
 * Moves messages from the outbox to the bus, in order. To the embedded bus they go in one transaction. To Kafka they are
 * published first and deleted then: a crash between the two publishes them again, which consumers tell by their event id.
 */
export function startOutboxRelay(options: OutboxRelayOptions): OutboxRelay {
  const { pool, logger, pollMs = 500 } = options;
  const closing = new AbortController();
  let news = new AbortController();

  const run = async () => {
    for (let failures = 0; !closing.signal.aborted; ) {
      const idle = AbortSignal.any([news.signal, closing.signal]);
      try {
        const published = await moveSome(options);
        failures = 0;
        if (published.length > 0) options.onPublished?.(published);
        else await pause(pollMs, idle);
      } catch {
        failures++;
        logger.warn({ attempt: failures }, 'outbox could not be emptied, it will be tried again');
        await pause(retryDelayMs(retry, failures), closing.signal);
      }
      if (news.signal.aborted) news = new AbortController();
    }
  };
  const running = run();

  return {
    wake: () => news.abort(),
    lag: () => outboxLag(pool),
    close: async (deadlineMs) => {
      closing.abort();
      await Promise.race([running, sleep(deadlineMs, undefined, { ref: false })]);
    },
  };
}

interface OutboxRow {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly headers: string | null;
  readonly value: Buffer;
}

async function moveSome({ pool, bus }: OutboxRelayOptions): Promise<readonly PublishedMessage[]> {
  try {
    return await (bus instanceof EmbeddedBus
      ? bus.transaction(moveIn)
      : withTransaction(pool, (client) => moveIn(client, (topic, messages) => bus.publish(topic, messages))));
  } catch (error) {
    if (isMissingSegment(error)) await ensureSegments(pool);
    throw error;
  }
}

async function moveIn(client: PoolClient, publish: PublishIn): Promise<PublishedMessage[]> {
  const { rows: locks } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS locked', [
    advisoryLock,
  ]);
  if (!locks[0]?.locked) return [];
  const { rows } = await client.query<OutboxRow>(oldestSql);
  for (const [topic, messages] of groupByTopic(rows)) await publish(topic, messages);
  if (rows.length > 0)
    await client.query('DELETE FROM outbox WHERE id = ANY ($1::bigint[])', [rows.map(({ id }) => id)]);
  return rows.map(({ topic, key, headers, value }) => ({
    ...{ topic, key, headers: decodeHeaders(headers), sizeBytes: value.length },
  }));
}

/** In order of topic: the same for everybody who locks several. */
function groupByTopic(rows: readonly OutboxRow[]): [string, OutgoingMessage[]][] {
  const byTopic = new Map<string, OutgoingMessage[]>();
  for (const { topic, key, headers, value } of rows) {
    const messages = byTopic.get(topic) ?? [];
    messages.push({ key, value, headers: decodeHeaders(headers) });
    byTopic.set(topic, messages);
  }
  return [...byTopic].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function outboxLag(pool: Pool): Promise<{ messages: number; oldestSeconds: number }> {
  try {
    const { rows } = await pool.query<{ messages: number; oldest: number }>(
      `SELECT count(*)::int AS messages,
              coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest FROM outbox`,
    );
    return { messages: rows[0]?.messages ?? 0, oldestSeconds: Math.max(0, rows[0]?.oldest ?? 0) };
  } catch (error) {
    throw asDatabaseError(error);
  }
}

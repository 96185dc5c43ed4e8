import { setTimeout as sleep } from 'node:timers/promises';
import { SdpError } from '@sdp/shared/errors';
import {
  type BusMessage,
  type OutgoingMessage,
  readContext,
  type SecurityManager,
  type StageBus,
  writeContext,
} from '@sdp/shared/messaging';
import { type Pool, withTransaction } from '../../database/index.ts';
import type { Logger } from '../../observability/index.ts';
import { deleteUnpublished, lockUnpublished } from '../store/transaction-store.ts';
import { transactionTopics } from '../transaction-flow.ts';

export interface UnpublishedSweeperOptions {
  readonly pool: Pool;
  readonly bus: StageBus;
  readonly security: SecurityManager;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** How long a message is left to the process that stored it. */
  readonly ageMs?: number;
  readonly everyMs?: number;
}

export interface UnpublishedSweeper {
  close(): Promise<void>;
}

const perRound = 500;

/**
 * Publishes what a process stored and, having crashed or lost the bus, may not have published. What was published all the
 * same is told by its event id.
 */
export function startUnpublishedSweeper(options: UnpublishedSweeperOptions): UnpublishedSweeper {
  const { logger, everyMs = 2_000 } = options;
  const closing = new AbortController();
  const run = async () => {
    while (!closing.signal.aborted) {
      try {
        const count = await sweep(options);
        if (count > 0) logger.info({ count }, 'transactions published that a process had left behind');
        if (count === perRound) continue;
      } catch (error) {
        logger.warn(
          { code: error instanceof SdpError ? error.code : 'internal' },
          'transactions could not be published',
        );
      }
      await sleep(everyMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

async function sweep({ pool, bus, security, ageMs = 5_000 }: UnpublishedSweeperOptions): Promise<number> {
  return withTransaction(pool, async (client) => {
    const waiting = await lockUnpublished(client, ageMs, perRound);
    if (waiting.length === 0) return 0;
    const messages = await Promise.all(waiting.map(({ message }) => sealAnew(security, message)));
    await bus.publish(transactionTopics.ingest, messages);
    await deleteUnpublished(client, waiting);
    return waiting.length;
  });
}

/** What has waited for long is stale: consumers would refuse it as it is. */
async function sealAnew(security: SecurityManager, message: OutgoingMessage): Promise<OutgoingMessage> {
  const headers = message.headers ?? {};
  const place: Pick<BusMessage, 'topic' | 'key' | 'headers'> = {
    topic: transactionTopics.ingest,
    key: message.key,
    headers,
  };
  const context = readContext(place as BusMessage);
  const { plaintext } = security.open(context, message.value);
  return {
    key: message.key,
    value: await security.seal(context, plaintext),
    headers: { ...headers, ...writeContext(context) },
  };
}

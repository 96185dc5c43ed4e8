import type { StageBus } from '@sdp/shared/messaging';
import { EmbeddedBus, EmbeddedTopicReader, type TopicReader } from '../bus/index.ts';
import type { Pool } from '../database/index.ts';
import type { Logger } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';

/**
 * The bus that the settings name.
 *
 * @param pool of the database at `dsn`, for the bus in PostgreSQL
 */
export async function openBus(
  { kafka, busRetentionDays }: Settings,
  dsn: string,
  pool: Pool,
  logger: Logger,
): Promise<StageBus> {
  if (kafka === undefined) return new EmbeddedBus({ pool, dsn, logger, retentionDays: busRetentionDays });
  const { KafkaBus } = await import('../bus/kafka/index.ts');
  return new KafkaBus({ ...kafka, logger });
}

/** Reads topics of the bus that the settings name. */
export async function openTopicReader({ kafka }: Settings, pool: Pool, logger: Logger): Promise<TopicReader> {
  if (kafka === undefined) return new EmbeddedTopicReader(pool);
  const { KafkaTopicReader } = await import('../bus/kafka/index.ts');
  return new KafkaTopicReader({ ...kafka, logger });
}

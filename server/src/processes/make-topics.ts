import { RejectedError } from '@sdp/shared/errors';
import { deadLetterTopic } from '@sdp/shared/messaging';
import type { Logger } from '../observability/index.ts';
import type { KafkaSettings } from '../settings/index.ts';
import { settingsOf, type TopicSpec } from '../topics/index.ts';

/**
 * Makes those of the topics that are not there as the topics file has them; the bus itself knows only their partitions. What
 * is there stays as it is: `sdp-server topics apply` changes it. Who may not make topics leaves it to an administrator.
 *
 * @param names without dead letters, which are made along
 * @throws {ConfigError} `config-invalid` where the broker doesn't take them so
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function makeKafkaTopics(
  kafka: KafkaSettings,
  names: readonly string[],
  specs: readonly TopicSpec[],
  logger: Logger,
): Promise<void> {
  const wanted = new Set(names.flatMap((name) => [name, deadLetterTopic(name)]));
  const { KafkaTopicAdmin } = await import('../bus/kafka/index.ts');
  const admin = new KafkaTopicAdmin({ ...kafka, logger });
  try {
    await Promise.all(
      specs
        .filter(({ topic }) => wanted.has(topic))
        .map((spec) => {
          const { topic, partitions, replication } = spec;
          return admin.create({ topic, partitions, replication, settings: settingsOf(spec) });
        }),
    );
  } catch (error) {
    if (!(error instanceof RejectedError && error.code === 'topic-forbidden')) throw error;
  } finally {
    await admin.close();
  }
}

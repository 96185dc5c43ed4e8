import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import { RejectedError } from '@sdp/shared/errors';
import type { NewTopic, TopicAdmin, TopicState } from '../topic-admin.ts';
import { guardConnections } from './connection-errors.ts';
import { explainConnection } from './explain-connection.ts';
import { asBusError, hasApiId, isForbidden } from './kafka-errors.ts';
import { clientOptions, type KafkaBusOptions } from './kafka-options.ts';

/** Topics of a Kafka cluster. Needs CREATE, ALTER, ALTER_CONFIGS and DESCRIBE_CONFIGS where the broker has access rules. */
export class KafkaTopicAdmin implements TopicAdmin {
  readonly canSet = true;
  readonly canAddPartitions = true;
  readonly #options: KafkaBusOptions;
  readonly #admin: Admin;

  constructor(options: KafkaBusOptions) {
    guardConnections();
    this.#options = options;
    this.#admin = new Admin(clientOptions(options, 'topics'));
  }

  async describe(topics: readonly string[], settings: readonly string[]): Promise<ReadonlyMap<string, TopicState>> {
    const present = new Set(await this.#ask(() => this.#admin.listTopics({ includeInternals: false })));
    const there = topics.filter((topic) => present.has(topic));
    if (there.length === 0) return new Map();
    const [metadata, configs] = await Promise.all([
      this.#ask(() => this.#admin.metadata({ topics: there, forceUpdate: true })),
      this.#ask(() => this.#admin.describeConfigs({ resources: there.map((topic) => resourceOf(topic, settings)) })),
    ]);
    return new Map(
      configs.map(({ resourceName, configs: entries }) => {
        const described = metadata.topics.get(resourceName);
        const replicas = Object.values(described?.partitions ?? {}).map((partition) => partition.replicas.length);
        const state: TopicState = {
          partitions: described?.partitionsCount ?? 0,
          replication: Math.min(...replicas),
          settings: Object.fromEntries(entries.map(({ name, value }) => [name, value ?? ''])),
        };
        return [resourceName, state];
      }),
    );
  }

  async create({ topic, partitions, replication = -1, settings }: NewTopic): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
    try {
      await this.#admin.createTopics({ topics: [topic], partitions, replicas: replication, configs });
    } catch (error) {
      if (!hasApiId(error, 'TOPIC_ALREADY_EXISTS')) throw await this.#failure(error);
    }
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#ask(() => this.#admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] }));
  }

  async set(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({
      ...{ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET },
    }));
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs };
    await this.#ask(() => this.#admin.incrementalAlterConfigs({ resources: [resource] }));
  }

  async close(): Promise<void> {
    await this.#admin.close().catch(() => undefined);
  }

  async #ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw await this.#failure(error);
    }
  }

  async #failure(error: unknown): Promise<unknown> {
    if (!isForbidden(error)) return explainConnection(this.#options, asBusError(error));
    return new RejectedError('topic-forbidden', {
      message: 'The broker does not let this user look at topics, or change them',
      remedy:
        'plan needs DESCRIBE and DESCRIBE_CONFIGS of the topics, apply also CREATE, ALTER and ALTER_CONFIGS: use an administrator.',
    });
  }
}

function resourceOf(topic: string, settings: readonly string[]) {
  return { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: [...settings] };
}

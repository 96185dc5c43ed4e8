import { deadLetterTopic, type TopicPolicy } from '@sdp/shared/messaging';
import { readYamlFile } from '../settings/index.ts';
import { shippedFile } from './shipped-file.ts';
import type { TopicSpec } from './topic-spec.ts';
import { type Keeping, type KeepingDefaults, topicsFileSchema } from './topics-schema.ts';

export interface LoadTopicsOptions {
  /** The file that SDP is shipped with where left out. */
  readonly path?: string | undefined;
  /** In place of the file's defaults; a topic's own entry counts more. */
  readonly partitions?: number | undefined;
  readonly replicas?: number | undefined;
}

export interface LoadedTopics {
  /** Topics with their dead letters, in the order of the file. */
  readonly topics: readonly TopicSpec[];
  /** For a `ComplianceManager`. */
  readonly policies: readonly TopicPolicy[];
}

/**
 * Reads `topics.yml`.
 *
 * @throws {ConfigError} `config-unreadable`; `config-invalid` with every field that is wrong
 */
export function loadTopics({ path, partitions, replicas }: LoadTopicsOptions = {}): LoadedTopics {
  const file = readYamlFile(path ?? shippedFile('topics.yml'), topicsFileSchema, ['keeping', 'policy']);
  const defaults: KeepingDefaults = {
    ...file.defaults,
    ...(partitions !== undefined && { partitions }),
    ...(replicas !== undefined && { replication: replicas }),
  };
  const topics = file.topics
    .filter(({ policy }) => !policy.topic.endsWith('*'))
    .flatMap(({ policy, keeping }) => {
      const spec = specOf(policy.topic, defaults, keeping);
      return [spec, deadLettersOf(spec, merged(defaults, keeping))];
    });
  return { topics, policies: file.topics.map(({ policy }) => policy) };
}

function specOf(topic: string, defaults: KeepingDefaults, own: Keeping): TopicSpec {
  const kept = merged(defaults, own);
  return {
    topic,
    partitions: kept.partitions,
    ...(kept.replication !== 'broker' && { replication: kept.replication }),
    ...(kept.min_insync_replicas !== undefined && { minInsyncReplicas: kept.min_insync_replicas }),
    retentionDays: kept.retention_days,
    cleanup: kept.cleanup,
    compression: kept.compression,
    ...(kept.max_message_bytes !== undefined && { maxMessageBytes: kept.max_message_bytes }),
  };
}

function merged(defaults: KeepingDefaults, own: Keeping): KeepingDefaults {
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(given) as Partial<KeepingDefaults>) };
}

/** What brokers take by default. */
const defaultMaxMessageBytes = 1_048_588;

/** One partition: letters are few. A letter is its original with headers more, so it may be larger. */
function deadLettersOf(spec: TopicSpec, kept: KeepingDefaults): TopicSpec {
  return {
    ...spec,
    topic: deadLetterTopic(spec.topic),
    partitions: 1,
    retentionDays: kept.dead_letter_retention_days ?? spec.retentionDays,
    cleanup: 'delete',
    maxMessageBytes: 2 * (spec.maxMessageBytes ?? defaultMaxMessageBytes),
  };
}

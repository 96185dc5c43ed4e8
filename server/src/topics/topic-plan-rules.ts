import type { TopicAdmin, TopicState } from '../bus/index.ts';
import type { TopicSpec } from './topic-spec.ts';

const dayMs = 86_400_000;

/** Names of the settings that are looked after, as Kafka has them. */
export const keptSettings = [
  'retention.ms',
  'cleanup.policy',
  'compression.type',
  'min.insync.replicas',
  'max.message.bytes',
  'message.timestamp.type',
] as const;

export type TopicAction = 'create' | 'set' | 'add-partitions' | 'impossible';

/** One thing in which a topic is not as the file says. */
export interface TopicDrift {
  readonly topic: string;
  /** `topic` where the whole of it is missing, `partitions`, `replication`, or a setting by Kafka's name. */
  readonly setting: string;
  readonly is: string;
  readonly shouldBe: string;
  readonly action: TopicAction;
  /** Why it can't be done, and what can; or what to know before. */
  readonly note?: string;
}

type Abilities = Pick<TopicAdmin, 'canSet' | 'canAddPartitions'>;

/** What is to be done so that the bus keeps topics as the file says. */
export function planTopics(
  specs: readonly TopicSpec[],
  states: ReadonlyMap<string, TopicState>,
  abilities: Abilities,
): TopicDrift[] {
  return specs.flatMap((spec) => {
    const state = states.get(spec.topic);
    return state === undefined ? [missing(spec)] : driftOf(spec, state, abilities);
  });
}

/** Settings of a topic that the file fixes. Messages are stamped by the log, which freshness is measured by. */
export function settingsOf(spec: TopicSpec): Record<string, string> {
  return {
    'retention.ms': String(spec.retentionDays * dayMs),
    'cleanup.policy': spec.cleanup,
    'compression.type': spec.compression,
    ...(spec.minInsyncReplicas !== undefined && { 'min.insync.replicas': String(spec.minInsyncReplicas) }),
    ...(spec.maxMessageBytes !== undefined && { 'max.message.bytes': String(spec.maxMessageBytes) }),
    'message.timestamp.type': 'LogAppendTime',
  };
}

/** A value as people read it. */
export function readable(setting: string, value: string): string {
  if (setting !== 'retention.ms') return value;
  const days = Number(value) / dayMs;
  if (days < 0) return 'for ever';
  if (days === 1) return '1 day';
  return Number.isInteger(days) ? `${days} days` : `${Math.round(days * 24 * 10) / 10} hours`;
}

function missing(spec: TopicSpec): TopicDrift {
  const { topic, partitions } = spec;
  const kept = readable('retention.ms', String(spec.retentionDays * dayMs));
  const shouldBe = `${partitions === 1 ? '1 partition' : `${partitions} partitions`}, ${kept}`;
  return { topic, setting: 'topic', is: 'missing', shouldBe, action: 'create' };
}

function driftOf(spec: TopicSpec, state: TopicState, { canSet, canAddPartitions }: Abilities): TopicDrift[] {
  const { topic } = spec;
  const drift: TopicDrift[] = [];
  if (state.partitions !== spec.partitions) {
    const canAdd = canAddPartitions && spec.partitions > state.partitions;
    drift.push({
      ...{ topic, setting: 'partitions', is: String(state.partitions), shouldBe: String(spec.partitions) },
      ...(canAdd
        ? { action: 'add-partitions', note: 'keys move to other partitions: only with --add-partitions' }
        : { action: 'impossible', note: 'stays as it was made; set partitions in the file to what is' }),
    });
  }
  if (spec.replication !== undefined && state.replication !== undefined && state.replication !== spec.replication) {
    drift.push({
      ...{ topic, setting: 'replication', is: String(state.replication), shouldBe: String(spec.replication) },
      ...{ action: 'impossible', note: 'copies are moved by kafka-reassign-partitions.sh' },
    });
  }
  for (const [setting, value] of Object.entries(settingsOf(spec))) {
    const is = state.settings[setting];
    if (is === undefined || is === value || isSameList(is, value)) continue;
    drift.push({
      ...{ topic, setting, is: readable(setting, is), shouldBe: readable(setting, value) },
      ...(canSet
        ? { action: 'set' }
        : { action: 'impossible', note: 'one for all topics of this bus: SDP_BUS_RETENTION_DAYS, and deletion' }),
    });
  }
  return drift;
}

/** `compact,delete` is `delete,compact`. */
function isSameList(one: string, other: string): boolean {
  return one.split(',').toSorted().join() === other.split(',').toSorted().join();
}

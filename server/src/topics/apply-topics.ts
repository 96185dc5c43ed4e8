import { setTimeout as sleep } from 'node:timers/promises';
import type { TopicAdmin } from '../bus/index.ts';
import { keptSettings, planTopics, settingsOf, type TopicDrift } from './topic-plan-rules.ts';
import type { TopicSpec } from './topic-spec.ts';

/** Compares the bus with the file. @throws {UnavailableError} `bus-unavailable` */
export async function findTopicDrift(admin: TopicAdmin, specs: readonly TopicSpec[]): Promise<TopicDrift[]> {
  const states = await admin.describe(
    specs.map(({ topic }) => topic),
    keptSettings,
  );
  return planTopics(specs, states, admin);
}

export interface ApplyResult {
  readonly done: readonly TopicDrift[];
  /** What still differs, seen by looking again. */
  readonly left: readonly TopicDrift[];
}

const settleMs = 5_000;

/** Does what can be done so that the bus keeps topics as the file says, then looks whether it does. */
export async function applyTopics(
  admin: TopicAdmin,
  specs: readonly TopicSpec[],
  { addPartitions }: { readonly addPartitions: boolean },
): Promise<ApplyResult> {
  const drift = await findTopicDrift(admin, specs);
  const done = drift.filter(
    ({ action }) => action === 'create' || action === 'set' || (action === 'add-partitions' && addPartitions),
  );
  for (const spec of specs) {
    const ofTopic = done.filter(({ topic }) => topic === spec.topic);
    const settings = settingsOf(spec);
    const { topic, partitions, replication } = spec;
    if (ofTopic.some(({ action }) => action === 'create')) {
      await admin.create({ topic, partitions, replication, settings });
    }
    if (ofTopic.some(({ action }) => action === 'add-partitions')) await admin.addPartitions(topic, partitions);
    const toSet = ofTopic.filter(({ action }) => action === 'set').map(({ setting }) => [setting, settings[setting]]);
    if (toSet.length > 0) await admin.set(topic, Object.fromEntries(toSet) as Record<string, string>);
  }
  return { done, left: await settled(admin, specs, drift.length - done.length) };
}

/** What was changed is not at once known to every broker. */
async function settled(admin: TopicAdmin, specs: readonly TopicSpec[], expected: number): Promise<TopicDrift[]> {
  for (const deadline = Date.now() + settleMs; ; await sleep(100)) {
    const left = await findTopicDrift(admin, specs);
    if (left.length <= expected || Date.now() > deadline) return left;
  }
}

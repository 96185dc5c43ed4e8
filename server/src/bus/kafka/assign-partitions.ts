import type { GroupPartitionsAssigner } from '@platformatic/kafka';

/**
 * Deals each topic's partitions out among the members that subscribe to it, in order of member id, every topic beginning
 * with the next member. The library's own assigner deals topics to members that never asked for them.
 */
export const assignPartitions: GroupPartitionsAssigner = (_current, members, _topics, metadata) => {
  const memberIds = [...members.keys()].sort();
  const assigned = memberIds.map((memberId) => ({
    memberId,
    assignments: new Map<string, { topic: string; partitions: number[] }>(),
  }));
  let turn = 0;
  for (const topic of [...metadata.topics.keys()].sort()) {
    const subscribers = assigned.filter(({ memberId }) => members.get(memberId)?.topics?.includes(topic));
    const count = subscribers.length === 0 ? 0 : (metadata.topics.get(topic)?.partitionsCount ?? 0);
    for (let partition = 0; partition < count; partition++) {
      const assignments = subscribers[turn++ % subscribers.length]?.assignments;
      const ofTopic = assignments?.get(topic) ?? { topic, partitions: [] };
      ofTopic.partitions.push(partition);
      assignments?.set(topic, ofTopic);
    }
  }
  return assigned;
};

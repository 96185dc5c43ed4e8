import { describe, expect, it } from 'vitest';
import { assignPartitions } from '../../src/bus/kafka/assign-partitions.ts';

function deal(topics: Record<string, number>, members: Record<string, string[]>) {
  const metadata = {
    topics: new Map(Object.entries(topics).map(([name, partitionsCount]) => [name, { partitionsCount }])),
  };
  const subscriptions = new Map(
    Object.entries(members).map(([memberId, subscribed]) => [memberId, { memberId, topics: subscribed }]),
  );
  const dealt = assignPartitions('a', subscriptions as never, new Set(), metadata as never);
  return Object.fromEntries(
    dealt.map(({ memberId, assignments }) => [
      memberId,
      Object.fromEntries([...assignments].map(([topic, { partitions }]) => [topic, partitions])),
    ]),
  );
}

describe('partitions of a Kafka group', () => {
  it('go to all subscribers in turn', () => {
    expect(deal({ t: 5 }, { b: ['t'], a: ['t'] })).toEqual({ a: { t: [0, 2, 4] }, b: { t: [1, 3] } });
  });

  it('go only to those who subscribe to the topic', () => {
    expect(deal({ t: 2, u: 2 }, { a: ['t'], b: ['u'] })).toEqual({ a: { t: [0, 1] }, b: { u: [0, 1] } });
  });

  it('are each dealt once, and topics begin with different members', () => {
    expect(deal({ t: 1, u: 1 }, { a: ['t', 'u'], b: ['t', 'u'] })).toEqual({ a: { t: [0] }, b: { u: [0] } });
  });

  it('leave a member without any when there are too few', () => {
    expect(deal({ t: 1 }, { a: ['t'], b: ['t'] })).toEqual({ a: { t: [0] }, b: {} });
  });
});

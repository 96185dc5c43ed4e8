import { describe, expect, it } from 'vitest';
import type { TopicState } from '../../src/bus/index.ts';
import { planTopics, readable, settingsOf } from '../../src/topics/topic-plan-rules.ts';
import type { TopicSpec } from '../../src/topics/topic-spec.ts';

const spec: TopicSpec = {
  topic: 't',
  partitions: 6,
  replication: 3,
  minInsyncReplicas: 2,
  retentionDays: 7,
  cleanup: 'delete',
  compression: 'producer',
};
const state: TopicState = {
  partitions: 6,
  replication: 3,
  settings: { ...settingsOf(spec), 'max.message.bytes': '1048588', 'segment.bytes': '1' },
};
const all = { canSet: true, canAddPartitions: true };
const none = { canSet: false, canAddPartitions: false };
const plan = (changed: Partial<TopicState>, abilities = all) =>
  planTopics([spec], new Map([['t', { ...state, ...changed }]]), abilities).map(
    ({ setting, is, shouldBe, action }) => `${setting} ${is} -> ${shouldBe}: ${action}`,
  );

describe('the plan of topics', () => {
  it('is empty where all is as it should be, whatever else the broker has set', () => {
    expect(plan({})).toEqual([]);
  });

  it('makes what is missing', () => {
    expect(planTopics([spec], new Map(), all)).toEqual([
      { topic: 't', setting: 'topic', is: 'missing', shouldBe: '6 partitions, 7 days', action: 'create' },
    ]);
  });

  it('sets each setting that differs, in words that people read', () => {
    const settings = { ...state.settings, 'retention.ms': '-1', 'message.timestamp.type': 'CreateTime' };
    expect(plan({ settings: { ...settings, 'min.insync.replicas': '1' } })).toEqual([
      'retention.ms for ever -> 7 days: set',
      'min.insync.replicas 1 -> 2: set',
      'message.timestamp.type CreateTime -> LogAppendTime: set',
    ]);
  });

  it('says what cannot be done', () => {
    expect(plan({ partitions: 8, replication: 1 })).toEqual([
      'partitions 8 -> 6: impossible',
      'replication 1 -> 3: impossible',
    ]);
    expect(plan({ partitions: 4 })).toEqual(['partitions 4 -> 6: add-partitions']);
    expect(plan({ partitions: 4, settings: { 'retention.ms': '86400000' } }, none)).toEqual([
      'partitions 4 -> 6: impossible',
      'retention.ms 1 day -> 7 days: impossible',
    ]);
  });

  it('does not ask a bus for what it does not have', () => {
    expect(planTopics([spec], new Map([['t', { partitions: 6, settings: {} }]]), none)).toEqual([]);
  });

  it('knows that the order of clean-ups means nothing', () => {
    const both = { ...spec, cleanup: 'compact,delete' as const };
    const settings = { ...state.settings, 'cleanup.policy': 'delete,compact' };
    expect(planTopics([both], new Map([['t', { ...state, settings }]]), all)).toEqual([]);
  });

  it.each([
    ['604800000', '7 days'],
    ['86400000', '1 day'],
    ['5400000', '1.5 hours'],
    ['-1', 'for ever'],
  ])('reads %s ms as %s', (value, text) => {
    expect(readable('retention.ms', value)).toBe(text);
  });
});

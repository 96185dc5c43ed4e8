import type { EventBatch } from '@sdp/shared/contracts';
import type { StageMessage } from '@sdp/shared/messaging';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/analysis/analysis-flow.ts';
import { eventPartitions } from '../../../src/analysis/state/event-partition.ts';
import { factPartitions } from '../../../src/analysis/state/fact-partition.ts';
import type { RuleSet } from '../../../src/anomaly-rules/index.ts';
import type { Finding } from '../../../src/detectors/index.ts';
import { epochMs, ruleSetOf } from '../../anomaly-rules/stream-events.ts';
import { aLog } from '../../events/support/pipeline.ts';

const error = { field: 'level', equals: 'ERROR' };
const same = { id: 'same', form: 'threshold', where: error, count: 3, within: '10s', cooldown: '0s' };
const changing = {
  id: 'changing',
  form: 'threshold',
  where: error,
  count: 2,
  within: '10s',
  cooldown: '0s',
  group_by: ['source'],
};
const [before, after] = [ruleSetOf([same, changing]), ruleSetOf([same, { ...changing, count: 4 }])];

const messages = Array.from({ length: 60 }, (_, n): StageMessage<EventBatch> => {
  const at = new Date(epochMs + n * 1_000).toISOString();
  const event = aLog({ event_id: `e${n}`, level: n % 3 === 0 ? 'INFO' : 'ERROR', at, source: n % 2 ? 'a' : 'b' });
  return {
    ...{ tenant: 'acme', topic: 'logs', partition: 0, offset: BigInt(n), eventId: `m${n}`, isRepeat: false },
    payload: { client_id: 'acme', type: 'log', shard: 0, received_at: at, events: [event] },
  } as unknown as StageMessage<EventBatch>;
});

/**
 * One process watches events and another judges facts; each takes up the change before some message.
 *
 * @param startsAnew before this message the one that judges goes on from its snapshot
 */
function foundWith(watcherAt: number, judgeAt: number, startsAnew = -1): readonly Finding[] {
  let watching: RuleSet = before;
  let judging: RuleSet = before;
  const topic = 'logs';
  const repeatMs = 3_600_000;
  const watcher = eventPartitions({ type: 'log', topic, rules: () => watching, detectors: () => [], repeatMs }).create(
    0,
  );
  const judges = factPartitions({ rules: () => judging, repeatMs });
  let judge = judges.create(0);
  let offset = 0n;
  const findings = messages.flatMap((message, n) => {
    if (n === watcherAt) watching = after;
    if (n === judgeAt) judging = after;
    if (n === startsAnew) judge = judges.restore(0, judge.snapshot());
    return watcher.take(message).sendings.flatMap(({ payload }) => {
      offset += 1n;
      return judge.take({ tenant: 'acme', offset, payload: payload as Facts } as StageMessage<Facts>).findings;
    });
  });
  judging = after;
  return [...findings, ...judge.advance(0)];
}

const keysOf = (findings: readonly Finding[]) =>
  findings.map(({ alertType, at, metrics }) => `${alertType} ${at.toISOString()} ${metrics['limit']}`).toSorted();

describe('a change of rules that one worker takes up before another', () => {
  it('loses nothing of any rule: each event is judged by the rules under which it was watched', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), (watcherAt, judgeAt) => {
        expect(keysOf(foundWith(watcherAt, judgeAt))).toEqual(keysOf(foundWith(watcherAt, watcherAt)));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps what waits for a rule in a snapshot', () => {
    expect(keysOf(foundWith(20, 40, 30))).toEqual(keysOf(foundWith(20, 20)));
    expect(keysOf(foundWith(20, 20)).filter((key) => key.endsWith(' 4')).length).toBeGreaterThan(10);
  });
});

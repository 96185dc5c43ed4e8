import { setTimeout as sleep } from 'node:timers/promises';
import type { EventBatch } from '@sdp/shared/contracts';
import { type GenuineMessage, type StageMessage, startSecureTail } from '@sdp/shared/messaging';
import { expect } from 'vitest';
import { type Facts, factsTopic } from '../../../src/analysis/analysis-flow.ts';
import { loadRules } from '../../../src/analysis/index.ts';
import { eventPartitions } from '../../../src/analysis/state/event-partition.ts';
import { factPartitions } from '../../../src/analysis/state/fact-partition.ts';
import { partitionOf } from '../../../src/bus/index.ts';
import type { Finding, StreamEventType } from '../../../src/detectors/index.ts';
import { generateEvents } from '../../../src/events/generation/index.ts';
import { eventBatchContract, eventTopics } from '../../../src/events/index.ts';
import { type Sender, security } from './pipeline.ts';

/** Rules of all kinds, gathered ones among them, and detectors that learn fast and find much: what they find shows their state. */
export const watchful = `version: 1
rules:
  - { id: burst, title: Many errors, form: threshold, events: log, where: { field: level, equals: ERROR }, count: 5, within: 3m, group_by: [user_id] }
  - { id: failed, title: Failed, form: pattern, events: log, where: { field: message, contains: failed } }
  - { id: cpu, title: Busy, form: sustained, events: metric, condition: { field: metrics.cpu_percent, at_least: 60 }, samples: 3, group_by: [host] }
  - { id: large, title: Large, form: pattern, events: transaction, where: { field: amount, above: 10000 } }
  - { id: shop, title: Many at one shop, form: threshold, events: transaction, count: 2, within: 1s, cooldown: 1d, group_by: [merchant] }
detectors:
  forest: { learn_events: 500, retrain_events: 500, retrain_minutes: 0, false_alarm_rate: 0.05, min_score: 0.5, quiet_minutes: 0, max_groups: 200 }
`;

const types = Object.keys(eventTopics) as StreamEventType[];
const chunkEvents = 400;

export interface Stream {
  /** Sends a part of ten minutes of events, each of which came when it happened; what can't be sent is sent again, as callers of the API do. */
  send(from: number, to: number): Promise<void>;
  /** What one worker finds that nobody disturbs: the messages of the log through the analysis, each once. */
  expected(): Promise<Found>;
  /** What is stored. */
  found(): Promise<Found>;
  stop(): Promise<void>;
}

interface Found {
  /** Found in partitions of events: each to the last digit. */
  readonly here: readonly string[];
  /** Where partitions come together their events may come in another order, so that another one completes a window: once each by the cooldown. */
  readonly gathered: readonly string[];
}

/**
 * @param clientId of its own, so that other tests on the same broker don't matter
 * @param perSecond so many that each partition has the 500 of a kind from which forests grow, whoever falls into it
 */
export async function openStream(sender: Sender, rulesFile: string, clientId: string, perSecond = 40): Promise<Stream> {
  const toMs = Date.now() - 1_000;
  const span = { fromMs: toMs - 600_000, toMs };
  const generated = generateEvents({ types, ...span, eventsPerSecond: perSecond, seed: 5, anomalies: 24 });
  const events = [...generated.events];
  const log = new Map<string, StageMessage<EventBatch>>();
  const note = (message: GenuineMessage) => {
    if (message.tenant !== clientId) return;
    const noted = { ...message, isRepeat: false } as StageMessage<EventBatch>;
    log.set(`${message.topic} ${message.partition} ${message.offset}`, noted);
  };
  const tails = await Promise.all(
    Object.values(eventTopics).map((topic) =>
      startSecureTail({
        ...{ bus: sender.bus, topic, security, contracts: [eventBatchContract] },
        ...{ onMessage: note, onRefused: () => undefined },
      }),
    ),
  );
  let sent = 0;
  return {
    send: async (from, to) => {
      const chunks = Math.ceil(events.length / chunkEvents);
      for (let n = Math.floor(from * chunks); n < Math.floor(to * chunks); n += 1) {
        const chunk = events.slice(n * chunkEvents, (n + 1) * chunkEvents);
        const receivedAt = new Date(chunk.at(-1)?.at ?? 0);
        const lanes = Map.groupBy(chunk, ({ type }) => type).values();
        await Promise.all([...lanes].map((lane) => untilSent(() => sender.send(lane, receivedAt, clientId))));
        sent += chunk.length;
      }
    },
    expected: async () => {
      const all = () =>
        new Set([...log.values()].flatMap(({ payload }) => payload.events.map((each) => each.event_id)));
      await expect.poll(() => all().size, { timeout: 20_000 }).toBe(sent);
      return analysed([...log.values()], rulesFile, await partitionCounts(sender));
    },
    found: async () => {
      const { rows } = await sender.pool.query<Stored>(
        `SELECT detector, alert_type, alert_level, alert_message, "timestamp" AS at, user_id, tags, metrics, explanation, evidence,
                repeats, (SELECT count(*)::int FROM alert_outbox o WHERE o.anomaly_id = a.anomaly_id) AS alerts
           FROM anomaly_events a WHERE client_id = $1`,
        [clientId],
      );
      return foundOf(rows);
    },
    stop: async () => {
      await Promise.all(tails.map((tail) => tail.close()));
    },
  };
}

async function untilSent(send: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 120_000; ; await sleep(200)) {
    try {
      return await send();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

async function partitionCounts({ bus }: Sender) {
  const topics = [...Object.values(eventTopics), factsTopic];
  return new Map(
    await Promise.all(topics.map(async (topic) => [topic, (await bus.lag(topic, 'none')).length] as const)),
  );
}

/** The whole log through the analysis, without bus, database or time. */
/** As the server has it where nothing else is said. */
const repeatMs = 3_600_000;

async function analysed(
  log: readonly StageMessage<EventBatch>[],
  rulesFile: string,
  counts: ReadonlyMap<string, number>,
) {
  const loaded = await loadRules(rulesFile);
  const findings: Finding[] = [];
  const facts: StageMessage<Facts>[] = [];
  const rules = () => loaded.rules;
  for (const type of types) {
    const topic = eventTopics[type];
    const kind = eventPartitions({ type, topic, rules, detectors: () => loaded.detectors, repeatMs });
    const own = log.filter((message) => message.topic === topic).toSorted((a, b) => Number(a.offset - b.offset));
    for (const [partition, messages] of Map.groupBy(own, (message) => message.partition)) {
      const work = kind.create(partition);
      for (const message of messages) {
        const taken = work.take(message);
        findings.push(...taken.findings);
        for (const { key, payload, tenant } of taken.sendings) {
          const to = partitionOf(key, counts.get(factsTopic) ?? 0);
          facts.push({ tenant, payload, partition: to, offset: BigInt(facts.length) } as StageMessage<Facts>);
        }
      }
    }
  }
  // As if all had been equally far.
  facts.sort((a, b) => Date.parse(a.payload.received_at) - Date.parse(b.payload.received_at));
  const gathering = factPartitions({ rules, repeatMs });
  for (const [partition, messages] of Map.groupBy(facts, (message) => message.partition)) {
    const work = gathering.create(partition);
    for (const message of messages) findings.push(...work.take(message).findings);
  }
  return foundOf(findings.map(storedOf));
}

interface Stored {
  readonly detector: string;
  readonly alert_type: string;
  readonly at: Date;
  readonly tags: Readonly<Record<string, string>>;
  readonly evidence: { readonly topic: string; readonly partition: number; readonly event_ids: readonly string[] };
  readonly [column: string]: unknown;
}

function storedOf(finding: Finding): Stored {
  const { detector, alertType, level, message, at, userId = null, tags, metrics, explanation, evidence } = finding;
  const { topic, partition, eventIds } = evidence;
  return {
    ...{ detector, alert_type: alertType, alert_level: level, alert_message: message, at, user_id: userId },
    ...{ tags, metrics, explanation, evidence: { topic, partition, event_ids: eventIds } },
  };
}

function foundOf(rows: readonly Stored[]): Found {
  const isGathered = ({ evidence }: Stored) => evidence.topic === factsTopic;
  return {
    here: rows
      .filter((row) => !isGathered(row))
      .map(textOf)
      .toSorted(),
    gathered: rows
      .filter(isGathered)
      .map(({ alert_type: type, tags }) => JSON.stringify([type, tags]))
      .toSorted(),
  };
}

function textOf({
  detector,
  alert_type: type,
  at,
  user_id: user,
  tags,
  metrics,
  alert_message: message,
  evidence,
}: Stored) {
  const { topic, partition, event_ids: ids } = evidence;
  return JSON.stringify([
    detector,
    type,
    at,
    user,
    sorted(tags),
    sorted(metrics as object),
    message,
    topic,
    partition,
    ids,
  ]);
}

const sorted = (object: object) => Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Nothing lost, nothing doubled, nothing else. */
export async function expectSame(stream: Stream): Promise<void> {
  const [found, expected] = [await stream.found(), await stream.expected()];
  expect(expected.here.some((each) => each.startsWith('["forest"'))).toBe(true);
  expect(expected.gathered.length).toBeGreaterThan(5);
  expect(found.here.filter((each) => !expected.here.includes(each))).toEqual([]);
  expect(expected.here.filter((each) => !found.here.includes(each))).toEqual([]);
  expect(found.here.length).toBe(expected.here.length);
  expect(found.gathered).toEqual(expected.gathered);
}

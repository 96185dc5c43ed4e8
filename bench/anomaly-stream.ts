import type { Event } from '@sdp/shared/contracts';
import { forestDetectorFactory, forestSettingsSchema } from '../server/src/anomaly/index.ts';
import type { Finding, StreamEvent, StreamEventType } from '../server/src/detectors/index.ts';
import { generateEvents } from '../server/src/events/generation/index.ts';
import { markdownTable, perSecond } from './measure.ts';

const fromMs = Date.UTC(2026, 10, 2);
const hourMs = 3_600_000;
/** As in a message at most. */
const perMessage = 256;
/** A share of transactions made odd, one of four kinds. */
const oddShare = 0.001;

type Odd = Partial<StreamEvent>;
/** What makes a transaction odd; nothing of it breaks a rule that the product is shipped with. */
const oddities: Readonly<Record<string, (event: StreamEvent, at: number) => Odd>> = {
  'an amount forty times the middle one': () => ({ amount: 1_200 }),
  'an amount next to which all others are small': () => ({ amount: 9_900 }),
  'a country and a merchant of a few': (_event, at) => ({ country: 'KP', merchant: `pop-up-${at % 7}` }),
  'a channel of a few, and three times the usual amount': (event) => ({
    channel: 'phone',
    amount: 3 * (event.amount ?? 0),
  }),
};

/** The forest on generated events, as one partition of them: what it finds, what it finds falsely, and how fast. */
export function benchForestStream(): string {
  const transactions = [...eventsOf('transaction', 24 * hourMs, 4)];
  const kinds = Object.entries(oddities);
  const oddOf = new Map<string, string>();
  for (const [at, event] of transactions.entries()) {
    // A Weyl sequence: spread evenly, the same each time; the first day's first hours are for learning.
    if (at < 20_000 || (at * 0.618_033_988_75) % 1 >= oddShare) continue;
    const [name, change] = kinds[oddOf.size % kinds.length] as (typeof kinds)[number];
    transactions[at] = { ...event, ...change(event, at) };
    oddOf.set(event.eventId, name);
  }
  const metrics = [...eventsOf('metric', 24 * hourMs, 4)];
  const rows = [run('transactions', transactions, oddOf), run('samples of three metrics', metrics, new Map())];
  const header = ['events of a day', 'count', 'observed', 'found', 'of which odd', 'false', 'slowest call', 'snapshot'];
  const { found } = rows[0] as (typeof rows)[number];
  const recalls = kinds.map(([name]) => {
    const ids = [...oddOf].filter(([, kind]) => kind === name).map(([id]) => id);
    return [name, String(ids.length), String(ids.filter((id) => found.has(id)).length)];
  });
  return [
    'One partition, one client, defaults; nothing is left alone after a finding.\n',
    markdownTable(
      header,
      rows.map(({ cells }) => cells),
    ),
    '',
    markdownTable(['odd transactions', 'made', 'found'], recalls),
  ].join('\n');
}

function run(name: string, events: readonly StreamEvent[], oddOf: ReadonlyMap<string, string>) {
  const factory = forestDetectorFactory(forestSettingsSchema.parse({ quiet_minutes: 0 }));
  // Once for the compiler.
  factory.create({ topic: name, partition: 0 }).observe(events.slice(0, 20_000));
  const detector = factory.create({ topic: name, partition: 0 });
  const findings: Finding[] = [];
  let totalMs = 0;
  let slowestMs = 0;
  for (let start = 0; start < events.length; start += perMessage) {
    const message = events.slice(start, start + perMessage);
    const began = performance.now();
    findings.push(...detector.observe(message));
    const took = performance.now() - began;
    totalMs += took;
    slowestMs = Math.max(slowestMs, took);
  }
  const found = new Set(findings.flatMap(({ evidence }) => evidence.eventIds));
  const odd = [...found].filter((id) => oddOf.has(id)).length;
  const cells = [
    ...[name, String(events.length), perSecond(events.length, totalMs)],
    ...[String(found.size), `${odd} of ${oddOf.size}`, String(found.size - odd)],
    ...[`${slowestMs.toFixed(0)} ms`, `${Math.round(detector.snapshot().length / 1_024)} KiB`],
  ];
  return { cells, found };
}

function* eventsOf(type: StreamEventType, forMs: number, eventsPerSecond: number): Generator<StreamEvent> {
  const options = { types: [type], fromMs, toMs: fromMs + forMs, eventsPerSecond, seed: 1, anomalies: 0 };
  let index = 0;
  for (const event of generateEvents(options).events) {
    const place = {
      topic: type,
      partition: 0,
      offset: BigInt(Math.floor(index / perMessage)),
      index: index % perMessage,
    };
    yield streamEventOf(event, place);
    index += 1;
  }
}

function streamEventOf(event: Event, place: StreamEvent['place']): StreamEvent {
  const { event_id: eventId, at, user_id: userId, ...rest } = event;
  const atMs = Date.parse(at);
  const times = { atMs, receivedAtMs: atMs };
  return { clientId: 'bench', eventId, ...times, tags: {}, ...(userId && { userId }), ...rest, place } as StreamEvent;
}

import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable } from './measure.ts';
import {
  type Body,
  eventsFrom,
  eventsPerBody,
  forms,
  megabytes,
  residentBytes,
  sendAll,
  senders,
} from './sent-events.ts';
import { startServerUnderTest } from './server-under-test.ts';

const warmUpBodies = 8;

const buses = ['embedded', 'kafka'] as const;
type Bus = (typeof buses)[number];

/**
 * Events a second through `POST /api/v1/events`, until each request is answered, which is once its events are durable on the bus: an
 * API process with PostgreSQL beside it and nobody who stores them. Logs, samples of metrics and payments in equal parts.
 */
export async function benchIntake({ events }: { events: number }): Promise<string> {
  const rows: string[][] = [];
  for (const bus of buses) rows.push(...(await measureBus(bus, events)));
  const note = `${senders} senders, bodies of ${eventsPerBody.toLocaleString('en-US')} events, ${events.toLocaleString('en-US')} events for each row; each bus has an API process of its own for its three rows.`;
  return `${note}\n\n${markdownTable(['bus', 'body', 'bytes an event', 'events/s', 'memory at the end', 'most memory'], rows)}`;
}

async function measureBus(bus: Bus, events: number): Promise<string[][]> {
  const kafka = bus === 'kafka' ? await startTestKafka() : undefined;
  if (kafka && 'skipped' in kafka) return [[bus, kafka.skipped, '', '', '', '']];
  const server = await startServerUnderTest('api', kafka?.brokers.join(','), [], {
    SDP_EVENTS_RATE_PER_MINUTE: '1000000000',
    SDP_EVENTS_MAX_BACKLOG: '10000000',
  });
  const rows: string[][] = [];
  let peak = 0;
  try {
    for (const [name, make] of Object.entries(forms)) {
      const bodies: Body[] = [];
      for (let first = 0; first < events; first += eventsPerBody) bodies.push(await make(eventsFrom(name, first)));
      const warmUp: Body[] = [];
      for (let i = 0; i < warmUpBodies; i++) warmUp.push(await make(eventsFrom(`${name} warm-up`, i * eventsPerBody)));
      await sendAll(server, warmUp);
      const started = performance.now();
      await sendAll(server, bodies);
      const seconds = (performance.now() - started) / 1_000;
      const bytes = bodies.reduce((sum, each) => sum + each.bytes.length, 0) / (bodies.length * eventsPerBody);
      const rate = Math.round((bodies.length * eventsPerBody) / seconds).toLocaleString('en-US');
      rows.push([bus, name, bytes.toFixed(0), rate, megabytes(await residentBytes(server))]);
    }
  } finally {
    peak = await server.stop();
  }
  return rows.map((row) => [...row, megabytes(peak)]);
}

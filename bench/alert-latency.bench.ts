import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable } from './measure.ts';
import { type ServerUnderTest, startServerUnderTest } from './server-under-test.ts';

const quietEventsPerSecond = 200;

/**
 * From sending an event to the webhook that is told of it, through API, bus, analysis and the worker of alerts, all in one process
 * with PostgreSQL beside it, while other events come in that nobody is told of.
 */
export async function benchAlertLatency({
  seconds,
  buses = ['embedded', 'kafka'],
}: {
  seconds: number;
  buses?: readonly ('embedded' | 'kafka')[];
}): Promise<string> {
  const rows: string[][] = [];
  for (const bus of buses) {
    const kafka = bus === 'kafka' ? await startTestKafka() : undefined;
    if (kafka && 'skipped' in kafka) {
      rows.push([bus, kafka.skipped, '', '', '']);
      continue;
    }
    const times = await measure(seconds, kafka?.brokers.join(','));
    const quantiles = [0.5, 0.95, 0.99, 1].map((share) => `${quantile(times, share).toFixed(0)} ms`);
    rows.push([bus, ...quantiles]);
  }
  const note = `An alert a second for ${seconds} s, beside ${quietEventsPerSecond} events a second.`;
  return `${note}\n\n${markdownTable(['bus', 'p50', 'p95', 'p99', 'longest'], rows)}`;
}

async function measure(seconds: number, brokers: string | undefined): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-alerts-'));
  /** By the amount of the payment, which the alert says. */
  const sentAt = new Map<number, number>();
  const times: number[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const now = performance.now();
      for (const { numbers } of (JSON.parse(body) as Notice).data.alerts) {
        const at = sentAt.get(numbers.amount);
        if (at !== undefined) times.push(now - at);
        sentAt.delete(numbers.amount);
      }
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => receiver.once('listening', resolve));
  const alerts = join(folder, 'alerts.yml');
  writeFileSync(alerts, alertsFile);
  const server = await startServerUnderTest('serve', brokers, [], {
    SDP_ALERTS_FILE: alerts,
    BENCH_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    BENCH_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  });
  try {
    for (let second = -5; second < seconds; second++) {
      await send(
        server,
        Array.from({ length: quietEventsPerSecond }, () => payment(10)),
      );
      // At another moment of each second.
      await sleep(100 + 800 * Math.random());
      const amount = 20_000 + second;
      if (second >= 0) sentAt.set(amount, performance.now());
      await send(server, [payment(amount)]);
      await sleep(100);
    }
    for (let left = 100; sentAt.size > 0 && left > 0; left--) await sleep(100);
    if (sentAt.size > 0) throw new Error(`${sentAt.size} alerts were not told of within ten seconds`);
    return times;
  } finally {
    await server.stop();
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const alertsFile = `channels:
  webhook: { type: webhook, url_env: BENCH_WEBHOOK_URL, secret_env: BENCH_WEBHOOK_SECRET, allow_private_addresses: true }
route: { channels: [webhook], group_by: [type], group_wait: 0s, group_interval: 0s, repeat_interval: never }
`;

interface Notice {
  readonly data: { readonly alerts: readonly { readonly numbers: { readonly amount: number } }[] };
}

function payment(amount: number) {
  const [event_id, user_id] = [randomUUID(), `tok_${randomBytes(16).toString('hex')}`];
  return { event_id, type: 'transaction', at: new Date().toISOString(), user_id, amount };
}

async function send({ url, apiKey }: ServerUnderTest, events: readonly object[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/events`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ events }),
  });
  if (response.status >= 300) throw new Error(`the server answered ${response.status} ${await response.text()}`);
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

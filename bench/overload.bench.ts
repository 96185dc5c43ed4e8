import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedBus } from '../server/src/bus/index.ts';
import { KafkaBus } from '../server/src/bus/kafka/index.ts';
import { createLogger } from '../server/src/observability/index.ts';
import { openSender } from '../server/test/analysis/support/pipeline.ts';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable } from './measure.ts';
import { startServerUnderTest } from './server-under-test.ts';

const eventsPerRequest = 500;
const lanes = 8;
const maxBacklog = 1_000;
/** Each line is held against so many patterns. */
const patterns = 60;

/**
 * More events than the analysis can take, for some time: what is turned away, what memory it takes, and whether all that was
 * accepted has been stored and analysed once it is over. API and worker are processes of their own.
 */
export async function benchOverload({
  seconds,
  buses = ['embedded', 'kafka'],
}: {
  seconds: number;
  buses?: readonly string[];
}) {
  const rows: string[][] = [];
  for (const bus of buses) rows.push([bus, ...(await overload(bus === 'kafka', seconds))]);
  const head = [
    'bus',
    'offered/s',
    'accepted/s',
    'analysed/s',
    'offered ÷ analysed',
    'answers',
    'most waiting',
    'worked off after',
    'accepted, stored, analysed',
    'alerts',
    'memory: API, worker',
  ];
  return `${seconds} s of log lines, at most ${maxBacklog} messages waiting.\n\n${markdownTable(head, rows)}`;
}

async function overload(isKafka: boolean, seconds: number): Promise<string[]> {
  const kafka = isKafka ? await startTestKafka() : undefined;
  if (kafka && 'skipped' in kafka) return [kafka.skipped];
  const rules = `/tmp/sdp-bench-overload-${process.pid}.yml`;
  const rule = (n: number) =>
    `  - { id: p${n}, title: P, form: pattern, events: log, where: { field: message, matches: '(?i)user [a-z]*${n}x.*(gone|lost)$' } }`;
  writeFileSync(rules, `version: 1\nrules:\n${Array.from({ length: patterns }, (_, n) => rule(n)).join('\n')}\n`);
  const server = await startServerUnderTest('api', kafka?.brokers.join(','), ['events', 'analysis'], {
    SDP_ANOMALY_RULES: rules,
    SDP_EVENTS_MAX_BACKLOG: String(maxBacklog),
    SDP_EVENTS_RATE_PER_MINUTE: '100000000',
  });
  const { dsn, url, apiKey, workerUrl } = server;
  const logger = createLogger({ level: 'silent' });
  const sender = await openSender({
    dsn,
    openBus: (pool) =>
      kafka
        ? new KafkaBus({ brokers: kafka.brokers, clientId: 'bench', logger })
        : new EmbeddedBus({ pool, dsn, logger }),
  });
  const statuses = new Map<number, number>();
  let [accepted, unpolite, most, sent] = [0, 0, 0, 0];
  const before = await analysed(workerUrl);
  const startedAt = performance.now();
  const isOn = () => performance.now() - startedAt < seconds * 1_000;
  const lane = async () => {
    while (isOn()) {
      const events = Array.from({ length: eventsPerRequest }, () => lineOf(sent++));
      const response = await fetch(`${url}/api/v1/events`, {
        method: 'POST',
        headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json' },
        body: JSON.stringify({ events }),
      });
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status === 200) accepted += eventsPerRequest;
      else if (!response.headers.has('retry-after')) unpolite += 1;
    }
  };
  let worker = 0;
  const watch = async (isDone: () => boolean) => {
    while (!isDone()) {
      const lag = await sender.bus.lag('logs', 'sdp-analysis-logs');
      most = Math.max(
        most,
        lag.reduce((sum, each) => sum + Number(each.lag), 0),
      );
      worker = Math.max(worker, await metric(workerUrl, 'process_resident_memory_bytes'));
      await sleep(250);
    }
  };
  try {
    await Promise.all([watch(() => !isOn()), ...Array.from({ length: lanes }, lane)]);
    const took = (performance.now() - startedAt) / 1_000;
    const during = (await analysed(workerUrl)) - before;
    const overAt = performance.now();
    while ((await analysed(workerUrl)) - before < accepted && performance.now() - overAt < 600_000) await sleep(200);
    await sender.settled();
    const stored = async () =>
      Number(
        (await sender.pool.query("SELECT coalesce(sum(n), 0) AS n FROM event_count WHERE client_id = 'bench'")).rows[0]
          ?.n,
      );
    for (let n = 0; n < 100 && (await stored()) < accepted; n += 1) await sleep(200);
    const kept = await stored();
    const drained = (performance.now() - overAt) / 1_000;
    const alerts = await sender.pool.query(
      "SELECT count(*)::int AS n FROM alert_outbox WHERE payload->>'type' = 'overload'",
    );
    const all = (await analysed(workerUrl)) - before;
    await sender.stop();
    const peak = await server.stop();
    const rate = (count: number) => Math.round(count / took).toLocaleString('en-US');
    const answers = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
    return [
      ...[rate(sent), rate(accepted), rate(during), (sent / during).toFixed(1)],
      `${answers}; ${unpolite} without Retry-After`,
      ...[String(most), `${drained.toFixed(1)} s`, `${accepted}, ${kept}, ${all}`],
      ...[String(alerts.rows[0]?.n), `${megabytes(peak)}, ${megabytes(worker)}`],
    ];
  } finally {
    rmSync(rules, { force: true });
  }
}

function lineOf(n: number) {
  return {
    ...{
      event_id: `o-${process.pid}-${n}`,
      type: 'log',
      at: new Date().toISOString(),
      level: 'INFO',
      source: 'checkout',
    },
    message: `order ${n % 1_000} of user token was taken and is on its way to the warehouse`,
    user_id: `tok_${(n % 500).toString(16).padStart(32, '0')}`,
  };
}

const analysed = (workerUrl: string | undefined) => metric(workerUrl, 'sdp_analysis_events_total{stage="logs"}');

async function metric(workerUrl: string | undefined, name: string): Promise<number> {
  const text = await (await fetch(`${workerUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MB`;

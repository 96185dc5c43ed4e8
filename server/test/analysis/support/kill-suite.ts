import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@sdp/shared/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServerProcess, spawnServer } from '../../../../scripts/demo/server-process.ts';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { KafkaBus } from '../../../src/bus/kafka/index.ts';
import { generateEvents } from '../../../src/events/generation/index.ts';
import { createLogger } from '../../../src/observability/index.ts';
import { shippedFile } from '../../../src/topics/index.ts';
import { embeddedGround, type Ground, openSender, ruleFile, type Sender } from './pipeline.ts';

/** Kills, each of another worker than the one before; more with SDP_KILL_ROUNDS, for hours. */
const kills = 2 * Number(process.env['SDP_KILL_ROUNDS'] ?? 1);
/** Of the events' own time for each kill, and of ours. */
const [ownSeconds, ourSeconds] = [180, 3];
const names = ['first', 'second'] as const;

/** Two workers that are killed by turns while events come in, and while their rules are changed. */
export function killSuite(brokers: () => readonly string[] | undefined = () => undefined): void {
  let database: TestDatabase;
  let folder: string;
  let ground: Ground;
  let sender: Sender;
  const shipped = readFileSync(shippedFile('anomaly-rules.yml'), 'utf8');
  const rules = ruleFile(shipped);
  const running = new Map<string, ServerProcess>();

  function launch(name: string): void {
    const given = brokers();
    running.set(
      name,
      spawnServer({
        command: ['worker', '--role', 'analysis'],
        environment: {
          PATH: process.env['PATH'],
          DB_DSN: database.dsn,
          SDP_CRYPTO_KEY: Buffer.alloc(32, 7).toString('base64url'),
          SDP_DATA_DIR: join(folder, 'server'),
          SDP_TOPIC_PARTITIONS: '3',
          SDP_ANALYSIS_SNAPSHOT_SECONDS: '1',
          SDP_ANOMALY_RULES: rules.path,
          ...(given && { KAFKA_BROKERS: given.join(',') }),
        },
        logPath: join(folder, `${name}.log`),
      }),
    );
  }

  beforeAll(async () => {
    database = await startTestDatabase();
    folder = mkdtempSync(join(tmpdir(), 'sdp-kill-analysis-'));
    const given = brokers();
    const logger = createLogger({ level: 'silent' });
    ground = given
      ? { dsn: database.dsn, openBus: () => new KafkaBus({ brokers: given, clientId: 'test', logger }) }
      : embeddedGround(database.dsn);
    sender = await openSender(ground);
    for (const name of names) launch(name);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([...running.values()].map((each) => each.stop()));
    await sender.stop();
    await database.stop();
    rules.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('loses and doubles no anomaly, whoever is killed', { timeout: 180_000 + kills * 20_000 }, async () => {
    const toMs = Date.now();
    const fromMs = toMs - kills * ownSeconds * 1_000;
    const { events, truth } = generateEvents({
      ...{ types: ['log', 'metric', 'transaction'], fromMs, toMs, eventsPerSecond: 30, seed: 11, anomalies: kills * 8 },
    });
    const killing = (async () => {
      for (let kill = 0; kill < kills; kill++) {
        await sleep(ourSeconds * 1_000);
        const name = names[kill % 2] as string;
        // Rules that are not right, for whoever runs; who starts would refuse them.
        rules.write(shipped.replace('form: threshold', 'form: none'));
        running.get(name)?.kill('SIGKILL');
        await running.get(name)?.ended;
        await sleep(500);
        rules.write(`${shipped}\n# ${kill}\n`);
        launch(name);
      }
    })();
    await sendAll(events, fromMs);
    await killing;
    await sender.settled();

    const expected = truth();
    expect(new Set(expected.map(({ rule }) => rule)).size).toBe(8);
    const stored = (await sender.anomalies()).filter(({ detector }) => detector.startsWith('rule:'));
    const left = [...stored];
    const missed = expected.filter(({ rule, event_ids: ids, group }) => {
      const own = new Set(ids);
      const place = left.findIndex(
        (each) =>
          each.alert_type === rule &&
          each.evidence.event_ids.some((id) => own.has(id)) &&
          Object.entries(group).every(([field, value]) => [each.user_id, each.tags[field]].includes(value)),
      );
      return place < 0 || left.splice(place, 1).length === 0;
    });
    expect(missed).toEqual([]);
    // Found, and injected by nobody; or found twice.
    expect(left).toEqual([]);
    expect(stored.filter(({ repeats }) => repeats > 0)).toEqual([]);
    const { rows } = await sender.pool.query("SELECT count(*)::int AS n FROM alert_outbox WHERE kind <> 'system'");
    expect(rows[0].n).toBeGreaterThanOrEqual(expected.length);
    for (const name of names) expect(errorsOf(name)).toEqual([]);
  });

  async function sendAll(events: Iterable<Event>, fromMs: number): Promise<void> {
    const startedAt = performance.now();
    let due: Event[] = [];
    for (const event of events) {
      due.push(event);
      if (due.length < 500) continue;
      const dueMs = ((Date.parse(event.at) - fromMs) * ourSeconds) / ownSeconds;
      await sleep(Math.max(0, startedAt + dueMs - performance.now()));
      await sender.send(due, new Date(event.at));
      due = [];
    }
    await sender.send(due);
  }

  function errorsOf(name: string): string[] {
    const lines = readFileSync(join(folder, `${name}.log`), 'utf8').split('\n');
    return lines.filter((line) => line.startsWith('{') && JSON.parse(line).level === 'error');
  }
}

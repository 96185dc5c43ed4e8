import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KillablePostgres, startKillablePostgres } from '../../../../test/support/killable-postgres.ts';
import { KafkaBus } from '../../../src/bus/kafka/index.ts';
import { createLogger } from '../../../src/observability/index.ts';
import { expectSame, openStream, watchful } from './disturbed.ts';
import {
  type AnalysisProcess,
  embeddedGround,
  type Ground,
  openSender,
  ruleFile,
  type Sender,
  startAnalysis,
} from './pipeline.ts';

/** For how long the database is away; longer with SDP_OUTAGE_SECONDS, by hand. */
const awayMs = 1_000 * Number(process.env['SDP_OUTAGE_SECONDS'] ?? 3);

/** Workers that come and go, and a database that does, while events come in: all is found that one worker finds undisturbed. */
export function disturbanceSuite(brokers: () => readonly string[] | undefined = () => undefined): void {
  let postgres: KillablePostgres;
  let ground: Ground;
  let sender: Sender;
  const rules = ruleFile(watchful);
  const running: AnalysisProcess[] = [];
  const start = async (...more: [{ snapshotEveryMs: number }?]) => {
    const started = await startAnalysis(ground, rules.path, ...more);
    running.push(started);
    return started;
  };
  const stop = async (process: AnalysisProcess) => {
    running.splice(running.indexOf(process), 1);
    await process.stop();
  };

  beforeAll(async () => {
    postgres = await startKillablePostgres();
    const given = brokers();
    const logger = createLogger({ level: 'silent' });
    ground = given
      ? { dsn: postgres.dsn, openBus: () => new KafkaBus({ brokers: given, clientId: 'test', logger }) }
      : embeddedGround(postgres.dsn);
    sender = await openSender(ground);
  }, 60_000);
  afterAll(async () => {
    for (const each of running) await each.stop();
    await sender.stop();
    await postgres.remove();
    rules.remove();
  }, 60_000);

  it('find together what one finds alone, whoever comes and goes', { timeout: 120_000 }, async () => {
    const stream = await openStream(sender, rules.path, 'hand-over');
    const first = await start();
    await stream.send(0, 0.3);
    const second = await start();
    await stream.send(0.3, 0.5);
    await stop(first);
    await stream.send(0.5, 0.7);
    const third = await start();
    await Promise.all([stop(second), stream.send(0.7, 1)]);
    await sender.settled();
    await expectSame(stream);
    await stream.stop();
    await stop(third);
  });

  it('lose and double nothing while the database is away and comes back', {
    timeout: 120_000 + 3 * awayMs,
  }, async () => {
    const stream = await openStream(sender, rules.path, 'outage');
    await start({ snapshotEveryMs: 1_000 });
    await start({ snapshotEveryMs: 1_000 });
    await stream.send(0, 0.3);
    const sending = stream.send(0.3, 0.9);
    await postgres.kill();
    await sleep(awayMs);
    await postgres.startAgain();
    await sleep(1_000);
    // Gone silent, as a machine that swaps or a network that drops packets.
    postgres.freeze();
    await sleep(awayMs);
    postgres.thaw();
    await sending;
    await stream.send(0.9, 1);
    await sender.settled();
    await expectSame(stream);
    await stream.stop();
    expect(running.flatMap(({ log }) => log.filter((line) => JSON.parse(line).level === 'error'))).toEqual([]);
  });
}

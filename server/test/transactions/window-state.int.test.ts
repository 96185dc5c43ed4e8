import type { Transaction } from '@sdp/shared/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import type { TransactionStage } from '../../src/transactions/index.ts';
import {
  type ApiProcess,
  aTransaction,
  embeddedGround,
  startApi,
  startWorkers,
  token,
  type WorkerProcess,
} from './support/pipeline.ts';

let database: TestDatabase;
let api: ApiProcess;
beforeEach(async () => {
  database = await startTestDatabase();
  api = await startApi(embeddedGround(database.dsn));
});
afterEach(async () => {
  await api.stop();
  await database.stop();
});

const customers = Array.from({ length: 5 }, token);
const terminals = Array.from({ length: 4 }, token);

/** A day of few customers at few terminals; every one at a time of its own. */
function history(count: number): Transaction[] {
  const begin = Date.now() - 20 * 3_600_000;
  return Array.from({ length: count }, (_, i) =>
    aTransaction({
      customer: customers[(i * 7) % 5] as string,
      card: customers[(i * 7) % 5] as string,
      terminal: terminals[(i * 5) % 4] as string,
      amount: 10 + ((i * 13) % 40),
      occurred_at: new Date(begin + i * 611_000).toISOString(),
    }),
  );
}

/** What the terminals' and customers' windows are to hold at each, by going through all before it. */
function expected(all: readonly Transaction[], at: number, side: 'customer' | 'terminal', lengthMs: number) {
  const own = all[at] as Transaction;
  const now = Date.parse(own.occurred_at);
  const inside = all
    .slice(0, at + 1)
    .filter((each) => each[side] === own[side] && Date.parse(each.occurred_at) > now - lengthMs);
  return { count: inside.length, sum: inside.reduce((sum, { amount }) => sum + amount, 0) };
}

function featuresOf(workers: readonly WorkerProcess[], { transaction_id: id }: Transaction) {
  return workers.flatMap(({ scorer }) => scorer.seen).filter((seen) => seen.transaction.transaction_id === id);
}

function check(workers: readonly WorkerProcess[], all: readonly Transaction[]) {
  for (const [i, transaction] of all.entries()) {
    const seen = featuresOf(workers, transaction);
    expect(seen).toHaveLength(1);
    for (const side of ['customer', 'terminal'] as const) {
      for (const [name, hours] of [
        ['1h', 1],
        ['1d', 24],
      ] as const) {
        const { count, sum } = expected(all, i, side, hours * 3_600_000);
        expect([i, side, name, seen[0]?.features[`${side}_count_${name}`]]).toEqual([i, side, name, count]);
        expect(seen[0]?.features[`${side}_amount_${name}`]).toBeCloseTo(sum, 6);
      }
    }
  }
}

async function send(transactions: readonly Transaction[]) {
  for (const transaction of transactions) {
    const { status, body } = await api.post(transaction, '?wait_ms=20000');
    expect([status, body.status]).toEqual([200, 'DECIDED']);
  }
}

describe('window state', () => {
  it.each([
    ['snapshots that a stopped worker left', 3_600_000, true],
    ['the log alone', 3_600_000, false],
    ['snapshots taken under way', 100, true],
  ])('is the same after restarts, from %s', async (_name, snapshotEveryMs, keepSnapshots) => {
    const all = history(60);
    const workers: WorkerProcess[] = [];
    for (let i = 0; i < 3; i++) {
      const worker = await startWorkers(embeddedGround(database.dsn), undefined, { snapshotEveryMs });
      workers.push(worker);
      await send(all.slice(i * 20, i * 20 + 20));
      await worker.stop();
      if (!keepSnapshots) await api.pool.query('DELETE FROM window_snapshot');
    }
    check(workers, all);
  });

  it('moves with its partitions when workers come and go', async () => {
    const all = history(60);
    const ground = embeddedGround(database.dsn);
    const workers = [await startWorkers(ground)];
    await send(all.slice(0, 15));
    workers.push(await startWorkers(ground));
    await send(all.slice(15, 30));
    await workers[0]?.stop();
    await send(all.slice(30, 45));
    workers.push(await startWorkers(ground));
    await send(all.slice(45));
    await Promise.all(workers.slice(1).map((worker) => worker.stop()));
    check(workers, all);
  });

  it('is rebuilt from the log when a snapshot was tampered with, and says so', async () => {
    const all = history(20);
    const ground = embeddedGround(database.dsn);
    const first = await startWorkers(ground);
    await send(all.slice(0, 10));
    await first.stop();
    await api.pool.query('UPDATE window_snapshot_shard SET payload = set_byte(payload, 20, get_byte(payload, 20) # 1)');
    const second = await startWorkers(ground);
    await send(all.slice(10));
    await second.stop();
    check([first, second], all);
    expect(second.log.join('')).toContain('a snapshot of window state cannot be read');
  });

  it('works with every stage in a process of its own', async () => {
    const all = history(12);
    const ground = embeddedGround(database.dsn);
    const stages: TransactionStage[] = ['decide', 'score', 'embed', 'enrich'];
    const workers = await Promise.all(stages.map((stage) => startWorkers(ground, [stage])));
    await send(all);
    check(workers, all);
    await Promise.all(workers.map((worker) => worker.stop()));
  });

  it('keeps no more than two snapshots of a partition', async () => {
    const worker = await startWorkers(embeddedGround(database.dsn), undefined, { snapshotEveryMs: 50 });
    await send(history(20));
    await worker.stop();
    const { rows } = await api.pool.query(
      'SELECT max(n)::int AS most FROM (SELECT count(*) AS n FROM window_snapshot GROUP BY stage, partition) AS each',
    );
    expect(rows[0].most).toBeLessThanOrEqual(2);
    const sealed = await api.pool.query('SELECT payload FROM window_snapshot_shard');
    for (const { payload } of sealed.rows)
      for (const each of [...customers, ...terminals]) expect(payload.includes(each)).toBe(false);
  });
});

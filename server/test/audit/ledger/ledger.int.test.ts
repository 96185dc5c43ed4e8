import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRecordAudit } from '../../../src/audit/index.ts';
import { withTransaction } from '../../../src/database/index.ts';
import { type LedgerGround, ledgerGround } from './ledger-ground.ts';

let ground: LedgerGround;
beforeEach(async () => {
  ground = await ledgerGround();
});
afterEach(() => ground.stop());

it('takes every row once, signs and anchors, and finds nothing wrong', async () => {
  await ground.fill(20, 10);
  await ground.sequence();
  await ground.fill(5, 5);
  await ground.sequence();
  const report = await ground.verify();
  expect(report).toMatchObject({ entries: 40, pending: 0, heads: 2, found: 0, anchor: { heads: 2, unreadable: 0 } });
  expect(readFileSync(ground.anchorPath, 'utf8').trim().split('\n')).toHaveLength(2);
});

it('takes rows of before there was a ledger as they are, and later ones without a code for forged', async () => {
  const insert = (subject: string) =>
    ground.pool.query(
      "INSERT INTO audit_event (client_id, action, subject, detail) VALUES ('acme', 'transaction.decided', $1, '{}')",
      [subject],
    );
  await insert('old');
  await insert('older');
  expect(await ground.verify()).toMatchObject({ entries: 0, pending: 2, findings: [{ kind: 'anchor-missing' }] });
  await ground.fill(2, 2);
  await ground.sequence();
  expect(await ground.verify()).toMatchObject({ entries: 6, found: 0 });
  await insert('new');
  expect((await ground.verify()).findings).toMatchObject([{ kind: 'row-forged', source: 'audit_event' }]);
  await ground.sequence();
  expect((await ground.verify()).findings).toMatchObject([{ kind: 'row-forged', source: 'audit_event', entry: 6 }]);
});

it('takes rows whose transactions end late, and is not held up by them', async () => {
  const sequencer = ground.start();
  await withTransaction(ground.pool, async (slow) => {
    // Has its number and its place before all others, and is seen after them.
    const actor = { kind: 'system', id: 'slow' } as const;
    await createRecordAudit(ground.serverKey)(slow, { actor, action: 'outcome.reported', subject: 'slow' });
    for (let i = 0; i < 5; i++) {
      await ground.fill(3, 2);
      await sequencer.flush();
    }
    expect((await ground.verify()).entries).toBe(25);
  });
  await sequencer.flush();
  await sequencer.close();
  expect(await ground.verify()).toMatchObject({ entries: 26, pending: 0, found: 0 });
});

it('loses nothing and takes nothing twice while many write at once', async () => {
  const sequencer = ground.start();
  const standby = ground.start();
  await Promise.all(Array.from({ length: 8 }, () => ground.fill(40, 20)));
  await sequencer.close();
  await standby.close();
  expect(await ground.verify()).toMatchObject({ entries: 480, pending: 0, found: 0 });
});

it('is taken over when the connection of its writer breaks', async () => {
  const sequencers = [ground.start(), ground.start()];
  const isOneWriting = () => sequencers.some(({ state }) => state === 'writing');
  for (let i = 0; i < 3; i++) {
    await expect.poll(isOneWriting, { timeout: 10_000 }).toBe(true);
    await ground.fill(5, 5);
    await ground.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-ledger' AND datname = current_database()",
    );
    await ground.fill(5, 5);
  }
  const counts = async () => {
    const { entries, pending, found } = await ground.verify();
    return { entries, pending, found };
  };
  await expect.poll(counts, { timeout: 10_000 }).toEqual({ entries: 60, pending: 0, found: 0 });
  for (const sequencer of sequencers) await sequencer.close();
});

it('goes on after a dump was restored to a cluster whose transactions have lower numbers', async () => {
  await ground.fill(10, 0);
  await ground.sequence();
  // What the old cluster wrote and saw has higher numbers than the new one will have for long.
  await ground.tamper(
    "UPDATE audit_event SET xact = '900000000000'",
    "UPDATE audit_position SET seen = '900000000000:900000000001:'",
  );
  await ground.fill(7, 3);
  await ground.sequence();
  await ground.fill(2, 0);
  await ground.sequence();
  expect(await ground.verify()).toMatchObject({ entries: 22, pending: 0, found: 0 });
});

it('refuses changes, deletions and truncation by whoever does not own the database', async () => {
  await ground.fill(3, 3);
  await ground.sequence();
  for (const table of ['audit_event', 'access_log', 'audit_leaf', 'audit_node', 'audit_head']) {
    await expect(ground.pool.query(`DELETE FROM ${table}`), table).rejects.toThrow();
    await expect(ground.pool.query(`TRUNCATE ${table}`), table).rejects.toThrow();
  }
  for (const table of ['audit_event', 'access_log', 'audit_leaf', 'audit_node', 'audit_head', 'audit_position']) {
    const { rows } = await ground.pool.query(
      `SELECT has_table_privilege('sdp_api', '${table}', 'UPDATE, DELETE, TRUNCATE') AS may`,
    );
    expect(rows[0].may, table).toBe(false);
  }
});

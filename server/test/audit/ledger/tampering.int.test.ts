import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeKind } from '../../../src/audit/index.ts';
import { type LedgerGround, ledgerGround } from './ledger-ground.ts';

let ground: LedgerGround;
let anchor: string;
beforeAll(async () => {
  ground = await ledgerGround();
  await ground.fill(12, 8);
  await ground.sequence();
  await ground.fill(3, 2);
  await ground.sequence();
  await ground.backUp();
  anchor = readFileSync(ground.anchorPath, 'utf8');
});
beforeEach(async () => {
  await ground.restore();
  writeFileSync(ground.anchorPath, anchor);
  expect((await ground.verify()).found).toBe(0);
});
afterAll(() => ground.stop());

/** What is found first; entries by their numbers: 12 events, 8 accesses, 3 events, 2 accesses. */
async function first() {
  const { findings } = await ground.verify();
  return findings[0];
}

const rowsOf = {
  audit_event: { id: 'audit_id', column: 'subject', entryOfThird: 2 },
  access_log: { id: 'access_id', column: 'resource', entryOfThird: 14 },
} as const;

describe.each(['audit_event', 'access_log'] as const)('%s', (table) => {
  const { id, column, entryOfThird: entry } = rowsOf[table];

  it('edited', async () => {
    await ground.tamper(`UPDATE ${table} SET ${column} = ${column} || 'x' WHERE ${id} = 3`);
    expect(await first()).toEqual({ kind: 'row-edited', entry, source: table, sourceId: '3' });
  });

  it('deleted', async () => {
    await ground.tamper(`DELETE FROM ${table} WHERE ${id} = 3`);
    expect(await first()).toEqual({ kind: 'row-deleted', entry, source: table, sourceId: '3' });
  });

  it('truncated', async () => {
    await ground.tamper(`TRUNCATE ${table}`);
    const { findings, found } = await ground.verify();
    expect(findings[0]).toMatchObject({ kind: 'row-deleted', entry: entry - 2, source: table, sourceId: '1' });
    expect(found).toBe(table === 'audit_event' ? 15 : 10);
  });

  it('inserted where the ledger had been', async () => {
    const { rows } = await ground.pool.query(
      `SELECT string_agg(column_name, ', ') AS names FROM information_schema.columns
        WHERE table_name = '${table}' AND column_name <> '${id}'`,
    );
    await ground.tamper(
      `INSERT INTO ${table} (${id}, ${rows[0].names}) OVERRIDING SYSTEM VALUE
       SELECT 1000, ${rows[0].names} FROM ${table} WHERE ${id} = 3`,
    );
    expect(await first()).toMatchObject({ kind: 'row-inserted', source: table, sourceId: '1000' });
  });

  it('forged, or copied, as if the server had just written it', async () => {
    const { rows } = await ground.pool.query(
      `SELECT string_agg(column_name, ', ') AS names FROM information_schema.columns
        WHERE table_name = '${table}' AND column_name NOT IN ('${id}', 'xact', 'event_id')`,
    );
    await ground.tamper(
      `INSERT INTO ${table} (${rows[0].names}, event_id) SELECT ${rows[0].names}, gen_random_uuid() FROM ${table} WHERE ${id} = 3`,
      `INSERT INTO ${table} (${rows[0].names}, event_id) SELECT ${rows[0].names}, event_id FROM ${table} WHERE ${id} = 4`,
    );
    const kinds = async () => (await ground.verify()).findings.map(({ kind, source }) => `${kind} ${source}`).sort();
    expect(await kinds()).toEqual([`row-copied ${table}`, `row-forged ${table}`]);
    await ground.sequence();
    expect(await kinds()).toEqual([`row-copied ${table}`, `row-forged ${table}`]);
  });

  it('swapped', async () => {
    const names = (
      await ground.pool.query(
        `SELECT column_name AS name FROM information_schema.columns
          WHERE table_name = '${table}' AND column_name NOT IN ('${id}', 'xact')`,
      )
    ).rows.map(({ name }) => name);
    await ground.tamper(
      `UPDATE ${table} AS a SET (${names.join(', ')}) =
         (SELECT ${names.join(', ')} FROM ${table} AS b WHERE b.${id} = CASE a.${id} WHEN 3 THEN 5 ELSE 3 END)
        WHERE ${id} IN (3, 5)`,
    );
    const { findings } = await ground.verify();
    expect(findings).toEqual([
      { kind: 'row-swapped', entry, source: table, sourceId: '3', otherId: '5' },
      { kind: 'row-swapped', entry: entry + 2, source: table, sourceId: '5', otherId: '3' },
    ]);
  });
});

const rewriteChain = `
  DO $$ DECLARE leaf RECORD; chain BYTEA := decode(repeat('00', 32), 'hex'); BEGIN
    FOR leaf IN SELECT * FROM audit_leaf ORDER BY seq LOOP
      chain := sha256(chain || leaf.leaf_hash);
      UPDATE audit_leaf SET chain_hash = chain WHERE seq = leaf.seq;
    END LOOP;
  END $$`;

describe("the ledger's own tables", () => {
  const cases: [string, string[], { kind: ChangeKind; entry?: number; until?: number }][] = [
    [
      'a hash edited',
      ["UPDATE audit_leaf SET leaf_hash = sha256('x') WHERE seq = 4"],
      { kind: 'entry-changed', entry: 4 },
    ],
    [
      'a chain hash edited',
      ["UPDATE audit_leaf SET chain_hash = sha256('x') WHERE seq = 4"],
      { kind: 'entry-changed', entry: 4 },
    ],
    [
      'an entry named after another row',
      ["UPDATE audit_leaf SET source_id = '99' WHERE seq = 4"],
      { kind: 'row-deleted', entry: 4 },
    ],
    ['an entry deleted', ['DELETE FROM audit_leaf WHERE seq = 4'], { kind: 'entry-deleted', entry: 4, until: 5 }],
    ['the first deleted', ['DELETE FROM audit_leaf WHERE seq = 0'], { kind: 'entry-deleted', entry: 0, until: 1 }],
    ['the last cut off', ['DELETE FROM audit_leaf WHERE seq >= 23'], { kind: 'rolled-back', entry: 23, until: 25 }],
    [
      'the last cut off together with heads and rows',
      [
        'DELETE FROM audit_leaf WHERE seq >= 20',
        'DELETE FROM audit_head WHERE size > 20',
        'DELETE FROM audit_event WHERE audit_id > 12',
        'DELETE FROM access_log WHERE access_id > 8',
      ],
      { kind: 'rolled-back', entry: 20, until: 25 },
    ],
    [
      'all of it truncated',
      ['TRUNCATE audit_leaf, audit_head, audit_node, audit_position'],
      { kind: 'rolled-back', entry: 0, until: 25 },
    ],
    [
      'two entries swapped',
      [
        'UPDATE audit_leaf SET seq = CASE seq WHEN 3 THEN -3 ELSE -4 END WHERE seq IN (3, 4)',
        'UPDATE audit_leaf SET seq = CASE seq WHEN -3 THEN 4 ELSE 3 END WHERE seq < 0',
      ],
      { kind: 'entry-changed', entry: 3 },
    ],
    [
      'an entry put in',
      [
        "INSERT INTO audit_leaf VALUES (25, 'audit_event', '77', sha256('x'), (SELECT sha256(chain_hash || sha256('x')) FROM audit_leaf WHERE seq = 24))",
      ],
      { kind: 'row-deleted', entry: 25 },
    ],
    [
      'an entry put before the first',
      ["INSERT INTO audit_leaf VALUES (-1, 'audit_event', '77', sha256('x'), sha256('y'))"],
      { kind: 'entry-inserted', entry: -1 },
    ],
    [
      'a head edited',
      ["UPDATE audit_head SET signed_at = signed_at + interval '1 day' WHERE size = 20"],
      { kind: 'head-forged', entry: 0, until: 20 },
    ],
    ['a head deleted', ['DELETE FROM audit_head WHERE size = 20'], { kind: 'head-deleted', entry: 0, until: 20 }],
    [
      'a head swapped for another',
      [
        'UPDATE audit_head AS a SET (root, chain_hash, signature) = (SELECT root, chain_hash, signature FROM audit_head AS b WHERE b.size = 25) WHERE size = 20',
      ],
      { kind: 'head-forged', entry: 0, until: 20 },
    ],
    [
      'a head made up',
      [
        'INSERT INTO audit_head SELECT 22, root, chain_hash, signed_at, key_id, signature FROM audit_head WHERE size = 20',
      ],
      { kind: 'head-forged', entry: 20, until: 22 },
    ],
    [
      'a head of a future made up',
      [
        'INSERT INTO audit_head SELECT 30, root, chain_hash, signed_at, key_id, signature FROM audit_head WHERE size = 20',
      ],
      { kind: 'head-forged' },
    ],
    ['a node put in', ["INSERT INTO audit_node VALUES (8, 0, sha256('x'))"], { kind: 'node-changed' }],
    ['the position deleted', ['DELETE FROM audit_position'], { kind: 'position-deleted' }],
    [
      'a row edited and everything after it computed anew',
      ["UPDATE audit_leaf SET leaf_hash = sha256('forged') WHERE seq = 4", rewriteChain],
      { kind: 'row-edited', entry: 4 },
    ],
    [
      'two entries and their rows exchanged and everything computed anew',
      [
        'UPDATE audit_leaf SET seq = CASE seq WHEN 3 THEN -3 ELSE -4 END WHERE seq IN (3, 4)',
        'UPDATE audit_leaf SET seq = CASE seq WHEN -3 THEN 4 ELSE 3 END WHERE seq < 0',
        rewriteChain,
      ],
      { kind: 'history-rewritten', entry: 0, until: 20 },
    ],
  ];
  it.each(cases)('%s', async (_name, statements, expected) => {
    await ground.tamper(...statements);
    const report = await ground.verify();
    expect(report.found).toBeGreaterThan(0);
    expect(report.findings[0]).toMatchObject(expected);
  });
});

it('an old backup of everything, that has grown since, is not taken on', async () => {
  await ground.fill(4, 4);
  await ground.sequence();
  await ground.restore();
  expect(await first()).toMatchObject({ kind: 'rolled-back', entry: 25, until: 33 });
  // A server that starts on it signs nothing.
  await ground.fill(20, 0);
  const sequencer = ground.start();
  await sequencer.flush();
  expect(sequencer.state).toBe('halted');
  await sequencer.close();
  expect(ground.log.join()).toContain('not what was signed and anchored');
  const report = await ground.verify();
  expect(report).toMatchObject({ entries: 25, pending: 20 });
  // Somewhere without the anchor it would go on: whoever has the anchor finds out.
  const aside = `${ground.anchorPath}.aside`;
  copyFileSync(ground.anchorPath, aside);
  writeFileSync(ground.anchorPath, '');
  await ground.sequence();
  writeFileSync(ground.anchorPath, readFileSync(aside));
  expect(await first()).toMatchObject({ kind: 'history-rewritten', entry: 25, until: 33 });
});

it('an anchor that is gone or cut off', async () => {
  const text = readFileSync(ground.anchorPath, 'utf8');
  writeFileSync(ground.anchorPath, text.slice(0, -20));
  expect(await ground.verify()).toMatchObject({ found: 0, anchor: { heads: 1, unreadable: 0 } });
  await ground.fill(1, 0);
  await ground.sequence();
  expect(await ground.verify()).toMatchObject({ found: 0, anchor: { heads: 2, unreadable: 1 } });
  writeFileSync(ground.anchorPath, '');
  expect(await first()).toEqual({ kind: 'anchor-missing' });
});

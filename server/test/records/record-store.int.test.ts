import { randomUUID } from 'node:crypto';
import type { BatchResult } from '@sdp/shared/contracts';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import {
  type BatchScope,
  type DataKeyRing,
  openDataKeyRing,
  openRecordWriter,
  openResultWriter,
  type RecordRow,
  readRecords,
  readResults,
} from '../../src/records/index.ts';

const masterKey = parseMasterKey(generateMasterKeyText());
let database: TestDatabase;
let pool: Pool;
let keyRing: DataKeyRing;
let scope: BatchScope;

beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  keyRing = await openDataKeyRing(pool, masterKey);
});
afterAll(async () => {
  await pool.end();
  await database.stop();
});
beforeEach(async () => {
  scope = { batchId: randomUUID(), clientId: 'acme', dataKey: await keyRing.active() };
});

async function store(rows: readonly RecordRow[], into: BatchScope = scope): Promise<void> {
  await withTransaction(pool, async (client) => {
    const writer = await openRecordWriter(client, into);
    for (const row of rows) await writer.write(row);
    expect(await writer.finish()).toBe(rows.length);
  });
}

async function load(recordCount: number, from: BatchScope = scope): Promise<RecordRow[]> {
  const rows: RecordRow[] = [];
  for await (const chunk of readRecords(pool, from, recordCount)) {
    expect(chunk.firstSeq).toBe(rows.length + 1);
    rows.push(...chunk.rows);
  }
  return rows;
}

const numbered = (count: number): RecordRow[] => Array.from({ length: count }, (_, i) => [`tok_${i}`, i, null]);

describe('records', () => {
  it.each([0, 1, 63, 64, 65, 128, 1_024, 1_025, 5_000])('come back as they went in: %i of them', async (count) => {
    await store(numbered(count));
    expect(await load(count)).toEqual(numbered(count));
  });

  it('keep every kind of cell, absent ones and text of any script included', async () => {
    const rows: RecordRow[] = [
      ['', '0', 'null', '[]'],
      [undefined, null, true, -1.5e-7],
      ['\u0000\u001f"\\\u2028\ud83d\ude00', 'é'.repeat(100_000), undefined, false],
    ];
    await store(rows);
    expect(await load(rows.length)).toEqual(rows);
  });

  it('are not legible in the table', async () => {
    await store([['canary-in-the-mine']]);
    const { rows } = await pool.query('SELECT * FROM tokenized_record WHERE batch_id = $1', [scope.batchId]);
    expect(rows).toHaveLength(1);
    expect(Buffer.concat([rows[0].payload, rows[0].sha256]).includes('canary')).toBe(false);
  });

  it('have different digests where they are equal', async () => {
    await store([['same'], ['same']]);
    const { rows } = await pool.query(
      'SELECT count(DISTINCT sha256)::int AS n FROM tokenized_record WHERE batch_id = $1',
      [scope.batchId],
    );
    expect(rows[0].n).toBe(2);
  });

  it('vanish with their transaction', async () => {
    await expect(
      withTransaction(pool, async (client) => {
        const writer = await openRecordWriter(client, scope);
        for (const row of numbered(500)) await writer.write(row);
        await writer.abort();
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await load(0)).toEqual([]);
  });
});

describe.each(['tokenized_record', 'processed_result'])('tampering with %s is found out', (table) => {
  const count = 1_500;
  let other: BatchScope;

  beforeEach(async () => {
    other = { ...scope, batchId: randomUUID() };
    for (const each of [scope, other]) {
      await store(numbered(count), each);
      await withTransaction(pool, async (client) => {
        const writer = await openResultWriter(client, each);
        await writer.write(results(count));
        await writer.finish();
      });
    }
  });

  const readAll = async (from: BatchScope = scope) => {
    const rows = [];
    const source = table === 'tokenized_record' ? readRecords(pool, from, count) : readResults(pool, from, count);
    for await (const chunk of source) rows.push(chunk);
    return rows.length;
  };

  it('reads what was not tampered with', async () => {
    expect(await readAll()).toBeGreaterThan(0);
  });

  it.each([
    ['a digest edited', 'SET sha256 = set_byte(sha256, 4, get_byte(sha256, 4) # 1) WHERE batch_id = $1 AND seq = 700'],
    [
      'a block edited',
      'SET payload = set_byte(payload, 40, get_byte(payload, 40) # 1) WHERE batch_id = $1 AND seq = 64',
    ],
    ['a block cut short', 'SET payload = substr(payload, 1, 20) WHERE batch_id = $1 AND seq = 64'],
    ['a block emptied', "SET payload = '' WHERE batch_id = $1 AND seq = 64"],
    ['a block taken away', 'SET payload = NULL WHERE batch_id = $1 AND seq = 64'],
    ['another version byte', "SET payload = overlay(payload placing '\\x02' from 1) WHERE batch_id = $1 AND seq = 64"],
    ['another key id', "SET payload = overlay(payload placing '\\xff' from 5) WHERE batch_id = $1 AND seq = 64"],
    ['a row renumbered', 'SET seq = 99999 WHERE batch_id = $1 AND seq = 700'],
    ['a block row renumbered', 'SET block_seq = 128 WHERE batch_id = $1 AND seq = 64'],
    ['the last block gone', ''],
    ['one row gone', ''],
    ['all rows gone', ''],
    ['a row added at the end', ''],
    ['a row added before the first', ''],
    ['two digests swapped', ''],
    ['two blocks swapped', ''],
    ['a block of another batch', ''],
  ])('%s', async (what, update) => {
    const statements: Record<string, string> = {
      'the last block gone': `DELETE FROM ${table} WHERE batch_id = $1 AND block_seq = ${count}`,
      'one row gone': `DELETE FROM ${table} WHERE batch_id = $1 AND seq = 3`,
      'all rows gone': `DELETE FROM ${table} WHERE batch_id = $1`,
      'a row added at the end': `INSERT INTO ${table} SELECT batch_id, seq + ${count}, block_seq + ${count}, sha256, payload
                                   FROM ${table} WHERE batch_id = $1 AND block_seq = 64`,
      'a row added before the first': `INSERT INTO ${table} SELECT batch_id, seq - 64, block_seq - 64, sha256, payload
                                         FROM ${table} WHERE batch_id = $1 AND block_seq = 64`,
      'two digests swapped': swap(table, 'sha256', 5, 6),
      'two blocks swapped': swap(table, 'payload', 64, 128),
      'a block of another batch': `UPDATE ${table} t SET payload = o.payload, sha256 = o.sha256
                                     FROM ${table} o WHERE t.batch_id = $1 AND o.batch_id <> t.batch_id AND o.seq = t.seq`,
    };
    const { rowCount } = await pool.query(update ? `UPDATE ${table} ${update}` : (statements[what] as string), [
      scope.batchId,
    ]);
    expect(rowCount).toBeGreaterThan(0);

    await expect(readAll()).rejects.toMatchObject({ code: 'record-tampered' });
    if (what !== 'a block of another batch') expect(await readAll(other)).toBeGreaterThan(0);
  });

  it('read for another client', async () => {
    await expect(readAll({ ...scope, clientId: 'globex' })).rejects.toMatchObject({ code: 'record-tampered' });
  });
});

describe('the key ring', () => {
  it('is one, however many servers make it at once', async () => {
    const empty = await startTestDatabase();
    const fresh = createPool({ dsn: empty.dsn, applicationName: 'test' });
    const rings = await Promise.all(Array.from({ length: 5 }, () => openDataKeyRing(fresh, masterKey)));
    const keys = await Promise.all(rings.map((ring) => ring.active()));
    expect(new Set(keys.map(({ key }) => key.export().toString('hex'))).size).toBe(1);
    await fresh.end();
    await empty.stop();
  });

  it('refuses another server key', async () => {
    const another = parseMasterKey(generateMasterKeyText());
    await expect(openDataKeyRing(pool, another)).rejects.toMatchObject({ code: 'key-invalid' });
  });

  it('keeps nothing of a key in the clear', async () => {
    const { key } = await keyRing.active();
    const { rows } = await pool.query('SELECT wrapped_key FROM data_key');
    expect(rows.every((row) => !row.wrapped_key.includes(key.export()))).toBe(true);
  });
});

function results(count: number): BatchResult[] {
  return Array.from({ length: count }, (_, i) => ({
    seq: i + 1,
    key: `tok_${i}`,
    status: 'scored' as const,
    score: 0.5,
    band: 'medium' as const,
    feature_coverage: 1,
    model_version: 'test',
  }));
}

function swap(table: string, column: string, a: number, b: number): string {
  return `UPDATE ${table} t SET ${column} = o.${column} FROM ${table} o
           WHERE t.batch_id = $1 AND o.batch_id = t.batch_id AND (t.seq, o.seq) IN ((${a}, ${b}), (${b}, ${a}))`;
}

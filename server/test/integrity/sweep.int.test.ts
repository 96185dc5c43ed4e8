import { consistencyProofSchema, inclusionProofSchema, integritySchema } from '@sdp/shared/contracts';
import { verifyConsistency, verifyInclusion } from '@sdp/shared/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerKeyOf } from '../../src/audit/index.ts';
import { type Finding, sweepOnce } from '../../src/integrity/index.ts';
import { uploadForm } from '../jobs/people.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

let server: RunningServer;
let batchId: string;
let other: string;

const recordCount = 200;
const csv = (tag: string) =>
  `token,amount\n${Array.from({ length: recordCount }, (_, i) => `tok_${tag}${i},${i}`).join('\n')}\n`;

const sealedTables = [
  'processing_batch',
  'batch_root',
  'tokenized_record',
  'processed_result',
  'record_versions',
  'record_proposal',
  'record_index',
  'audit_event',
] as const;

beforeAll(async () => {
  server = await startServer({ environment: { SDP_SWEEP_ROWS_PER_SECOND: '0' }, roles: ['anomaly'] });
  batchId = await upload('a');
  other = await upload('b');
  const { text: key } = await server.keys.create({
    ...{ tenants: ['acme'], role: 'DataEngineer', label: '', allowDeclaredSafe: false },
    scopes: ['batches:read', 'records:write', 'records:propose'],
  });
  const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' };
  for (const version of [1, 2]) {
    const response = await server.fetch(`/api/v1/records/${batchId}.5`, {
      method: 'PUT',
      headers: { ...headers, 'If-Match': `"v${version}"` },
      body: JSON.stringify({ values: { token: 'tok_a4', amount: String(7_000 + version) }, reason: 'wrong amount' }),
    });
    expect(response.status, await response.clone().text()).toBe(200);
  }
  const proposed = await server.fetch(`/api/v1/records/${batchId}.6/proposals`, {
    method: 'POST',
    headers: { ...headers, 'If-Match': '"v1"' },
    body: JSON.stringify({ values: { token: 'tok_a5', amount: '8000' }, reason: 'the same' }),
  });
  expect(proposed.status, await proposed.clone().text()).toBe(201);
  await tamper(...sealedTables.map((table) => `CREATE TABLE backup_${table} AS TABLE ${table}`));
}, 60_000);
afterAll(() => server.stop());

async function upload(tag: string): Promise<string> {
  const response = await server.fetch('/api/v1/jobs/upload', {
    method: 'POST',
    body: uploadForm({ csv: csv(tag), index: { amount: 'range', token: 'equal' } }),
  });
  const { job_id: id } = (await response.json()) as { job_id: string };
  const state = async () => ((await (await server.fetch(`/api/v1/batches/${id}`)).json()) as { status: string }).status;
  while ((await state()) !== 'PROCESSED') await new Promise((resolve) => setTimeout(resolve, 50));
  return id;
}

/** Statements of somebody who owns the database: no trigger and no foreign key stops them. */
async function tamper(...statements: readonly string[]): Promise<void> {
  const client = await server.platform.pool.connect();
  try {
    await client.query("SET session_replication_role = replica; SET sdp.tenants = '*'");
    for (const statement of statements) await client.query(statement);
  } finally {
    client.release(true);
  }
}

async function swept(): Promise<readonly Finding[]> {
  const { pool, keyRing, roots, serverKey, recordAudit, logger, metrics } = server.platform;
  const onFailure = () => metrics.integrityFailed('sweep', 1);
  const done = await sweepOnce(
    { pool, keyRing, roots, serverKey, recordAudit, logger, onFailure },
    { told: new Set() },
  );
  return done?.findings ?? [];
}

/** What a sweep finds after the statements; then everything is as it was. */
async function foundAfter(...statements: readonly string[]): Promise<readonly Finding[]> {
  await tamper(
    ...statements.map((each) => each.replaceAll('$batch', `'${batchId}'`).replaceAll('$other', `'${other}'`)),
  );
  const findings = await swept();
  await tamper(...sealedTables.flatMap((table) => [`TRUNCATE ${table}`, `INSERT INTO ${table} TABLE backup_${table}`]));
  return findings;
}

it('finds nothing where nothing was changed', async () => {
  expect(await swept()).toEqual([]);
});

const swap = (table: string, columns: string, a: number, b: number, more = '') =>
  `UPDATE ${table} AS t SET (${columns}) = (SELECT ${columns} FROM ${table} AS o
     WHERE o.batch_id = t.batch_id ${more} AND o.seq = CASE t.seq WHEN ${a} THEN ${b} ELSE ${a} END)
    WHERE batch_id = $batch ${more} AND seq IN (${a}, ${b})`;

describe.each(['tokenized_record', 'processed_result'] as const)('%s', (table) => {
  it.each<[string, string[], Partial<Finding>[]]>([
    [
      'a digest edited',
      [`UPDATE ${table} SET sha256 = sha256(sha256) WHERE batch_id = $batch AND seq = 70`],
      [{ kind: 'edited', row: 70 }],
    ],
    [
      'a block edited',
      [
        `UPDATE ${table} SET payload = set_byte(payload, 40, get_byte(payload, 40) # 1) WHERE batch_id = $batch AND seq = 128`,
      ],
      [{ kind: 'edited', row: 128 }],
    ],
    ['a row deleted', [`DELETE FROM ${table} WHERE batch_id = $batch AND seq = 70`], [{ kind: 'deleted', row: 70 }]],
    [
      'the last row deleted',
      [`DELETE FROM ${table} WHERE batch_id = $batch AND seq = 200`],
      [{ kind: 'deleted', row: 200 }],
    ],
    [
      'a row inserted',
      [
        `INSERT INTO ${table} SELECT batch_id, 201, 201, sha256, payload FROM ${table} WHERE batch_id = $batch AND seq = 200`,
      ],
      [{ kind: 'inserted', row: 201 }],
    ],
    [
      'a row put before the first',
      [
        `INSERT INTO ${table} SELECT batch_id, 0, 0, sha256, payload FROM ${table} WHERE batch_id = $batch AND seq = 64`,
      ],
      [{ kind: 'inserted', row: 0 }],
    ],
    [
      'digests swapped',
      [swap(table, 'sha256', 3, 9)],
      [
        { kind: 'swapped', row: 3 },
        { kind: 'swapped', row: 9 },
      ],
    ],
    [
      'blocks swapped',
      [swap(table, 'payload', 64, 128)],
      [
        { kind: 'swapped', row: 64 },
        { kind: 'swapped', row: 128 },
      ],
    ],
    [
      'rows of another batch',
      [
        `DELETE FROM ${table} WHERE batch_id = $batch AND seq = 3`,
        `INSERT INTO ${table} SELECT $batch, seq, block_seq, sha256, payload FROM ${table} WHERE batch_id = $other AND seq = 3`,
      ],
      [{ kind: 'edited', row: 3 }],
    ],
  ])('%s', async (_what, statements, expected) => {
    const findings = await foundAfter(...statements);
    expect(findings).toMatchObject(expected.map((each) => ({ table, batchId, ...each })));
  });

  it('truncated', async () => {
    const findings = await foundAfter(`TRUNCATE ${table}`);
    expect(findings.filter((each) => each.batchId === batchId && each.table === table)[0]).toMatchObject({
      kind: 'deleted',
      row: 1,
    });
    expect(findings.some((each) => each.batchId === other && each.kind === 'deleted')).toBe(true);
  });

  it('rows of a batch that there is not', async () => {
    const ghost = '00000000-0000-4000-8000-000000000009';
    const insert = `INSERT INTO ${table} SELECT '${ghost}', seq, block_seq, sha256, payload FROM ${table} WHERE batch_id = $batch`;
    expect(await foundAfter(insert)).toEqual([{ table, kind: 'inserted', batchId: ghost }]);
  });
});

describe('facts of a batch', () => {
  it.each<[string, string]>([
    ['number of records', 'record_count = 199'],
    ['client', "client_id = 'other'"],
    ['columns', "columns = ARRAY['token', 'sum']"],
    ['parameters', `params = '{"threshold": 0}'`],
    ['counts', `counts = '{"ok": 1}'`],
    ['state', "status = 'FAILED'"],
    ['state set back', "status = 'RECEIVED'"],
    [
      'state set back with all its traces',
      "status = 'RECEIVED', outcome_sha256 = NULL, finished_at = NULL, started_at = NULL, processed_records = 0, counts = '{}', model_version = NULL",
    ],
    ['who sent it', "author_id = 'eve'"],
    ['time', "received_at = received_at - interval '1 day'"],
  ])('%s', async (_what, change) => {
    const findings = await foundAfter(`UPDATE processing_batch SET ${change} WHERE batch_id = $batch`);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.every((each) => each.batchId === batchId)).toBe(true);
    expect(findings.map(({ table, kind }) => `${table} ${kind}`)).toContain('processing_batch edited');
  });

  it('a batch deleted, with all that belongs to it', async () => {
    const tables = sealedTables.filter((table) => table !== 'audit_event');
    const findings = await foundAfter(...tables.map((table) => `DELETE FROM ${table} WHERE batch_id = $other`));
    expect(findings).toEqual([{ table: 'processing_batch', kind: 'deleted', batchId: other }]);
  });
});

describe('roots', () => {
  it.each<[string, string, Partial<Finding>]>([
    [
      'edited',
      "UPDATE batch_root SET root = sha256(root) WHERE batch_id = $batch AND kind = 'record'",
      { kind: 'edited' },
    ],
    ['deleted', "DELETE FROM batch_root WHERE batch_id = $batch AND kind = 'record'", { kind: 'deleted' }],
    [
      'exchanged',
      "UPDATE batch_root AS a SET (root, signature) = (SELECT root, signature FROM batch_root AS b WHERE b.batch_id = $other AND b.kind = 'record') WHERE batch_id = $batch AND kind = 'record'",
      { kind: 'edited' },
    ],
    [
      'inserted',
      "INSERT INTO batch_root SELECT gen_random_uuid(), kind, key_id, entries, root, signed_at, signing_key_id, signature FROM batch_root WHERE batch_id = $batch AND kind = 'record'",
      { kind: 'inserted' },
    ],
  ])('%s', async (_what, statement, expected) => {
    expect(await foundAfter(statement)).toMatchObject([{ table: 'batch_root', ...expected }]);
  });
});

describe('versions and proposals', () => {
  it.each<[string, string, Partial<Finding>]>([
    [
      'payload edited',
      'UPDATE record_versions SET payload = set_byte(payload, 40, get_byte(payload, 40) # 1) WHERE version = 2',
      { kind: 'edited', row: 5, version: 2 },
    ],
    [
      'reason edited',
      "UPDATE record_versions SET reason = 'another' WHERE version = 3",
      { kind: 'edited', row: 5, version: 3 },
    ],
    [
      'author edited',
      "UPDATE record_versions SET author_id = 'eve' WHERE version = 3",
      { kind: 'edited', row: 5, version: 3 },
    ],
    [
      'one moved to another record',
      'UPDATE record_versions SET seq = 8 WHERE version = 2',
      { kind: 'deleted', row: 5, version: 2 },
    ],
    [
      'one put in for a record that there is not',
      'INSERT INTO record_versions SELECT batch_id, 900, version, client_id, payload, sha256, key_id, author_kind, author_id, at, reason, proposal_id FROM record_versions WHERE version = 2',
      { kind: 'inserted', row: 900 },
    ],
    ['the last deleted', 'DELETE FROM record_versions WHERE version = 3', { kind: 'deleted', row: 5, version: 3 }],
    ['the first deleted', 'DELETE FROM record_versions WHERE version = 2', { kind: 'deleted', row: 5, version: 2 }],
    ['all truncated', 'TRUNCATE record_versions', { kind: 'deleted', row: 5, version: 2 }],
  ])('%s', async (_what, statement, expected) => {
    // What a record is found by no longer fits it, where its latest version is another one.
    const findings = (await foundAfter(statement)).filter(({ table }) => table === 'record_versions');
    expect(findings[0]).toMatchObject({ batchId, ...expected });
  });

  it.each<[string, string, Finding['kind']]>([
    ['edited', "UPDATE record_proposal SET reason = 'another'", 'edited'],
    [
      'decided',
      "UPDATE record_proposal SET status = 'approved', decider_kind = 'user', decider_id = 'eve', decided_at = now()",
      'edited',
    ],
    ['deleted', 'DELETE FROM record_proposal', 'deleted'],
  ])('a proposal %s', async (_what, statement, kind) => {
    expect(await foundAfter(statement)).toMatchObject([{ table: 'record_proposal', kind, batchId, row: 6 }]);
  });
});

describe('record_index', () => {
  const at = 'batch_id = $batch AND column_no = 0';
  it.each<[string, string[], Partial<Finding>[]]>([
    ['edited', [`UPDATE record_index SET key = '\\x00' WHERE ${at} AND seq = 5`], [{ kind: 'edited', row: 5 }]],
    [
      'set back to before a correction',
      [
        `UPDATE record_index SET key = (SELECT key FROM record_index WHERE batch_id = $other AND column_no = 0 AND seq = 5) WHERE ${at} AND seq = 5`,
      ],
      [{ kind: 'edited', row: 5 }],
    ],
    ['deleted', [`DELETE FROM record_index WHERE ${at} AND seq = 9`], [{ kind: 'deleted', row: 9 }]],
    [
      'inserted',
      [`INSERT INTO record_index SELECT batch_id, 9, seq, key FROM record_index WHERE ${at} AND seq = 9`],
      [{ kind: 'inserted', row: 9, column: 9 }],
    ],
    [
      'swapped',
      [swap('record_index', 'key', 11, 12, 'AND column_no = 0')],
      [
        { kind: 'edited', row: 11 },
        { kind: 'edited', row: 12 },
      ],
    ],
  ])('%s', async (_what, statements, expected) => {
    expect(await foundAfter(...statements)).toMatchObject(expected.map((each) => ({ table: 'record_index', ...each })));
  });
});

it('tells of it: a metric, an alert in the log and one for people, an entry in the trail', async () => {
  await foundAfter("UPDATE tokenized_record SET sha256 = sha256('x') WHERE batch_id = $batch AND seq = 2");
  expect(server.log.filter((line) => line.includes('stored data is not what was written')).at(-1)).toContain('"row":2');
  const { rows } = await server.platform.pool.query(
    "SELECT level, payload FROM alert_outbox WHERE kind = 'system' ORDER BY created_at DESC LIMIT 1",
  );
  expect(rows[0]).toMatchObject({
    level: 'CRITICAL',
    payload: { type: 'integrity-failed', message: `tokenized_record: edited, batch ${batchId}, record 2` },
  });
  const metrics = await (await server.fetch('/metrics')).text();
  expect(Number(/record_integrity_failures_total\{check="sweep"\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(0);
});

it('is shown over HTTP with proofs that verify', async () => {
  await server.platform.ledger.flush();
  const { text: key } = await server.keys.create({
    ...{ role: 'SecurityAuditor', tenants: '*', label: '', allowDeclaredSafe: false },
    scopes: ['audit:read'],
  });
  await swept();
  const get = async (path: string) => {
    const response = await server.fetch(`/api/v1/integrity${path}`, { headers: { 'X-API-Key': key } });
    expect(response.status, path).toBe(200);
    return response.json();
  };
  const state = integritySchema.parse(await get(''));
  expect(state.ledger).toMatchObject({
    state: 'writing',
    public_key: ledgerKeyOf(server.platform.serverKey).publicKeyText,
  });
  expect(state.sweep?.batches).toBe(2);
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  const inclusion = inclusionProofSchema.parse(await get('/inclusion?entry=3'));
  const { entry, size, path, leaf_hash: leaf, head } = inclusion;
  expect(verifyInclusion({ index: entry, size, path: path.map(bytes) }, bytes(leaf), bytes(head.root))).toBe(true);
  const { rows } = await server.platform.pool.query('SELECT size, root FROM audit_head ORDER BY size LIMIT 1');
  const first = Number(rows[0].size);
  const consistency = consistencyProofSchema.parse(await get(`/consistency?first=${first}`));
  const proof = { first, second: consistency.second, path: consistency.path.map(bytes) };
  expect(verifyConsistency(proof, rows[0].root, bytes(consistency.head.root))).toBe(true);
  const refused = await server.fetch('/api/v1/integrity');
  expect(refused.status).toBe(403);
  const missing = await server.fetch('/api/v1/integrity/inclusion?entry=999999', { headers: { 'X-API-Key': key } });
  expect(missing.status).toBe(404);
});

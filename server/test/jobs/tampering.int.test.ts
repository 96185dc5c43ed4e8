import { problemSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { edit, jsonBody, type Person, person, uploaded } from './people.ts';

let server: RunningServer;
let client: Person;
let engineer: Person;
let analyst: Person;
let jobId: string;
let proposalId: string;
beforeAll(async () => {
  server = await startServer();
  client = await person(server, 'Client');
  engineer = await person(server, 'DataEngineer', '*');
  analyst = await person(server, 'DataAnalyst', '*');
});
afterAll(() => server.stop());
beforeEach(async () => {
  const rows = Array.from({ length: 100 }, (_, i) => `tok_${i + 1},${i},${i % 2 ? 'odd' : 'even'}`);
  const index = { n: 'range', parity: 'equal' } as const;
  jobId = await uploaded(client, { csv: `id,n,parity\n${rows.join('\n')}\n`, index });
  for (const version of [1, 2, 3]) await engineer.ask(recordPath(5), edit({ id: `edit_${version}` }, `"v${version}"`));
  await engineer.ask(recordPath(6), edit({ id: 'edit_6' }, '"v1"'));
  const made = { ...edit({ id: 'proposed' }, '"v1"'), method: 'POST' };
  proposalId = (await analyst.ask(`${recordPath(7)}/proposals`, made)).body.proposal_id;
});

const recordPath = (seq: number) => `/api/v1/records/${jobId}.${seq}`;
const listPath = (query = '') => `/api/v1/jobs/${jobId}/records?limit=100&${query}`;
const sql = (text: string) =>
  server.platform.pool.query(text.replaceAll('JOB', jobId).replaceAll('PROPOSAL', proposalId));

async function failures(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/record_integrity_failures_total\{check="request"\} (\d+)/.exec(text)?.[1]);
}

async function expectFound(path: string, init?: RequestInit): Promise<void> {
  const before = await failures();
  const response = await client.fetch(path, init);
  const text = await response.text();
  expect([path, response.status, problemSchema.parse(JSON.parse(text)).code]).toEqual([path, 409, 'record-tampered']);
  expect(text).not.toMatch(/tok_|edit_/);
  expect(await failures()).toBe(before + 1);
}

const record = "batch_id = 'JOB' AND seq";
describe('whoever writes to the database is found out when they', () => {
  const cases: [string, string, (() => string)[]][] = [
    [
      'flip a bit of a digest',
      `UPDATE tokenized_record SET sha256 = set_bit(sha256, 9, 1 - get_bit(sha256, 9)) WHERE ${record} = 3`,
      [() => recordPath(3), () => listPath()],
    ],
    [
      'flip a bit of a block',
      `UPDATE tokenized_record SET payload = set_bit(payload, 999, 1 - get_bit(payload, 999)) WHERE ${record} = 64`,
      [() => recordPath(3), () => recordPath(64)],
    ],
    [
      'swap two blocks',
      `UPDATE tokenized_record t SET payload = o.payload FROM tokenized_record o WHERE t.batch_id = 'JOB' AND o.batch_id = 'JOB' AND (t.seq, o.seq) IN ((64, 100), (100, 64))`,
      [() => recordPath(3), () => recordPath(70)],
    ],
    [
      'swap two digests',
      `UPDATE tokenized_record t SET sha256 = o.sha256 FROM tokenized_record o WHERE t.batch_id = 'JOB' AND o.batch_id = 'JOB' AND (t.seq, o.seq) IN ((8, 9), (9, 8))`,
      [() => recordPath(8)],
    ],
    [
      'delete a record',
      `DELETE FROM tokenized_record WHERE ${record} = 3`,
      [() => recordPath(3), () => listPath(), () => listPath('filter=n:eq:2')],
    ],
    [
      'delete the last record',
      `DELETE FROM tokenized_record WHERE ${record} = 100`,
      [() => listPath(), () => recordPath(100)],
    ],
    [
      'add a record',
      `INSERT INTO tokenized_record SELECT batch_id, 101, 101, sha256, payload FROM tokenized_record WHERE ${record} = 100`,
      [() => listPath('')],
    ],
    [
      'move a record to another block',
      `UPDATE tokenized_record SET block_seq = 100 WHERE ${record} = 3`,
      [() => recordPath(3)],
    ],
    [
      'change a version’s reason',
      `UPDATE record_versions SET reason = 'other' WHERE ${record} = 6`,
      [() => recordPath(6), () => `${recordPath(6)}/history`],
    ],
    [
      'change a version’s author',
      `UPDATE record_versions SET author_id = 'somebody' WHERE ${record} = 6`,
      [() => recordPath(6)],
    ],
    [
      'change a version’s time',
      `UPDATE record_versions SET at = at - interval '1 day' WHERE ${record} = 6`,
      [() => recordPath(6)],
    ],
    [
      'put a version on another record',
      `UPDATE record_versions SET seq = 8 WHERE ${record} = 6`,
      [() => recordPath(8)],
    ],
    [
      'take a version out of the middle',
      `DELETE FROM record_versions WHERE ${record} = 5 AND version = 3`,
      [() => recordPath(5), () => `${recordPath(5)}/history`, () => listPath()],
    ],
    [
      'repeat a version',
      `INSERT INTO record_versions SELECT batch_id, seq, 3, client_id, payload, sha256, key_id, author_kind, author_id, at, reason, proposal_id FROM record_versions WHERE ${record} = 6`,
      [() => recordPath(6)],
    ],
    [
      'swap the contents of two versions',
      `UPDATE record_versions t SET payload = o.payload FROM record_versions o WHERE t.batch_id = 'JOB' AND o.batch_id = 'JOB' AND t.seq = 5 AND o.seq = 5 AND (t.version, o.version) IN ((2, 4), (4, 2))`,
      [() => recordPath(5)],
    ],
    [
      'change what the job says',
      `UPDATE processing_batch SET columns = '{id,n,other}' WHERE batch_id = 'JOB'`,
      [() => recordPath(1), () => listPath(), () => `/api/v1/jobs/${jobId}`],
    ],
    [
      'change what can be searched',
      `UPDATE processing_batch SET index_columns = '{"id":"equal"}' WHERE batch_id = 'JOB'`,
      [() => listPath('filter=id:eq:x'), () => `/api/v1/jobs/${jobId}`],
    ],
    [
      'change who sent it',
      `UPDATE processing_batch SET author_id = 'x' WHERE batch_id = 'JOB'`,
      [() => `/api/v1/jobs/${jobId}`],
    ],
    [
      'forget who sent it',
      `UPDATE processing_batch SET author_id = NULL, author_kind = NULL, index_columns = NULL WHERE batch_id = 'JOB'`,
      [() => `/api/v1/jobs/${jobId}`],
    ],
    [
      'make the index say something else',
      `UPDATE record_index SET key = (SELECT key FROM record_index WHERE ${record} = 2 AND column_no = 1) WHERE ${record} = 1 AND column_no = 1`,
      [() => listPath('filter=parity:eq:odd'), () => listPath('search=odd')],
    ],
    [
      'make the index name a record that is not there',
      `INSERT INTO record_index SELECT batch_id, column_no, 500, key FROM record_index WHERE ${record} = 1`,
      [() => listPath('filter=parity:eq:even')],
    ],
  ];
  it.each(cases)('%s', async (_what, statement, paths) => {
    const { rowCount } = await sql(statement);
    expect(rowCount).toBeGreaterThan(0);
    for (const path of paths) await expectFound(path());
    // What has nothing to do with it is served as ever.
    if (!/processing_batch|100|101/.test(statement)) expect((await client.fetch(recordPath(80))).status).toBe(200);
  });

  it.each([
    ['what was proposed', 'payload = set_bit(payload, 300, 1 - get_bit(payload, 300))'],
    ['who proposed it', "author_id = 'x'"],
    ['its base', 'base_version = 2'],
    ['its state', "status = 'approved'"],
  ])('change a proposal: %s', async (_what, change) => {
    await sql(`UPDATE record_proposal SET ${change} WHERE proposal_id = 'PROPOSAL'`);
    const verdict = { method: 'POST', ...jsonBody({ reason: 'seen' }) };
    for (const [path, init] of [
      [`/api/v1/proposals/${proposalId}`, undefined],
      [`/api/v1/proposals/${proposalId}/approve`, verdict],
      [`/api/v1/proposals/${proposalId}/reject`, verdict],
    ] as const) {
      const { status, body } = await engineer.ask(path, init);
      expect([path, status, body.code]).toEqual([path, 409, 'record-tampered']);
    }
    await sql("DELETE FROM record_proposal WHERE proposal_id = 'PROPOSAL'");
  });

  it('change a record that is then to be edited', async () => {
    await sql(`UPDATE record_versions SET reason = 'other' WHERE ${record} = 6`);
    const { status, body } = await engineer.ask(recordPath(6), edit({ id: 'x' }, '"v2"'));
    expect([status, body.code]).toEqual([409, 'record-tampered']);
    const { rows } = await sql(`SELECT count(*)::int AS n FROM record_versions WHERE ${record} = 6`);
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('change a record that is then exported: not a byte goes out', async () => {
    await sql(`UPDATE tokenized_record SET sha256 = set_bit(sha256, 9, 1 - get_bit(sha256, 9)) WHERE ${record} = 99`);
    for (const format of ['csv', 'ndjson', 'parquet'])
      await expectFound(`/api/v1/jobs/${jobId}/export?format=${format}`);
  });
});

describe('the role of the API', () => {
  it('can neither change nor remove a version, nor what was proposed', async () => {
    const tx = await server.platform.pool.connect();
    try {
      for (const statement of [
        "UPDATE record_versions SET reason = 'x'",
        'DELETE FROM record_versions',
        'TRUNCATE record_versions',
        "UPDATE record_proposal SET reason = 'x'",
        'DELETE FROM record_proposal',
        'DELETE FROM record_index',
        'DELETE FROM tokenized_record',
      ]) {
        await tx.query("BEGIN; SET LOCAL ROLE sdp_api; SET LOCAL sdp.tenants = '*'");
        await expect(tx.query(statement)).rejects.toMatchObject({ code: '42501' });
        await tx.query('ROLLBACK');
      }
    } finally {
      tx.release();
    }
  });

  it('sees no index rows but those of the batch it named, if it may see that', async () => {
    const tx = await server.platform.pool.connect();
    const seen = async (tenants: string, batch: string) => {
      await tx.query(
        `BEGIN; SET LOCAL ROLE sdp_api; SET LOCAL sdp.tenants = '${tenants}'; SET LOCAL sdp.batch = '${batch}'`,
      );
      const { rows } = await tx.query('SELECT count(*)::int AS n FROM record_index');
      await tx.query('ROLLBACK');
      return rows[0].n;
    };
    try {
      expect([await seen('acme', jobId), await seen('globex', jobId), await seen('acme', '')]).toEqual([200, 0, 0]);
    } finally {
      tx.release();
    }
  });
});

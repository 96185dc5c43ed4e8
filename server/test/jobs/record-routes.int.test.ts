import { proposalSchema, recordHistorySchema, recordListSchema, recordSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { edit, jsonBody, type Person, person, uploaded } from './people.ts';

let server: RunningServer;
let client: Person;
let engineer: Person;
let analyst: Person;
let other: Person;
let jobId: string;
const rowCount = 150;
beforeAll(async () => {
  server = await startServer();
  client = await person(server, 'Client');
  engineer = await person(server, 'DataEngineer', '*');
  analyst = await person(server, 'DataAnalyst', ['acme']);
  other = await person(server, 'Client', ['globex']);
  const rows = Array.from({ length: rowCount }, (_, i) => `tok_${i + 1},${(i * 37) % 100},${['x', 'y', 'z'][i % 3]}`);
  const index = { id: 'equal', n: 'range', city: 'equal' } as const;
  jobId = await uploaded(client, { csv: `id,n,city,note\n${rows.map((row) => `${row},free`).join('\n')}\n`, index });
});
afterAll(() => server.stop());

const recordPath = (seq: number) => `/api/v1/records/${jobId}.${seq}`;

async function pageThrough(query: string, limit = 7): Promise<number[]> {
  const seqs: number[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = `/api/v1/jobs/${jobId}/records?limit=${limit}&${query}${cursor && `&cursor=${cursor}`}`;
    const { status, body } = await client.ask(path);
    if (status !== 200) throw new Error(`${status} ${body.code}`);
    const page = recordListSchema.parse(body);
    seqs.push(...page.records.map(({ seq }) => seq));
    cursor = page.next_cursor;
  }
  return seqs;
}

const all = Array.from({ length: rowCount }, (_, i) => ({
  seq: i + 1,
  n: (i * 37) % 100,
  city: ['x', 'y', 'z'][i % 3],
}));
const byN = (a: { n: number; seq: number }, b: { n: number; seq: number }) => a.n - b.n || a.seq - b.seq;
const seqsOf = (records: readonly { seq: number }[]) => records.map(({ seq }) => seq);

describe('GET /api/v1/jobs/{job_id}/records', () => {
  it('pages through all records in order', async () => {
    expect(await pageThrough('')).toEqual(seqsOf(all));
    const { body } = await client.ask(`/api/v1/jobs/${jobId}/records?limit=1`);
    expect(body.records).toEqual([
      {
        record_id: `${jobId}.1`,
        job_id: jobId,
        seq: 1,
        version: 1,
        values: { id: 'tok_1', n: '0', city: 'x', note: 'free' },
        author: { kind: 'key', id: client.keyId },
        at: body.records[0].at,
        reason: null,
        proposal_id: null,
      },
    ]);
  });

  const searches: [string, (record: (typeof all)[number]) => boolean, typeof byN?][] = [
    ['filter=city:eq:y', ({ city }) => city === 'y'],
    ['filter=id:eq:tok_77', ({ seq }) => seq === 77],
    ['filter=id:eq:nobody', () => false],
    ['filter=n:ge:90', ({ n }) => n >= 90, byN],
    ['filter=n:gt:90&filter=n:lt:95', ({ n }) => n > 90 && n < 95, byN],
    ['filter=n:eq:5.0e0', ({ n }) => n === 5],
    ['filter=n:le:10&filter=city:eq:z', ({ n, city }) => n <= 10 && city === 'z'],
    ['filter=city:eq:x&sort=n', ({ city }) => city === 'x', byN],
    ['filter=city:eq:x&sort=n&order=desc', ({ city }) => city === 'x', (a, b) => byN(b, a)],
    ['sort=n', () => true, byN],
    ['sort=n&order=desc', () => true, (a, b) => byN(b, a)],
    ['filter=n:ge:50&sort=n&order=desc', ({ n }) => n >= 50, (a, b) => byN(b, a)],
    ['search=y', ({ city }) => city === 'y'],
    ['search=tok_9', ({ seq }) => seq === 9],
    ['search=37', ({ n }) => n === 37],
    ['search=z&filter=n:lt:20', ({ city, n }) => city === 'z' && n < 20],
    ['search=z&sort=n', ({ city }) => city === 'z', byN],
    // A number isn't compared with texts.
    ['filter=n:ge:a', () => false, byN],
  ];
  it.each(searches)('finds by %s what a look at every record finds', async (query, holds, order) => {
    const expected = all.filter(holds);
    expect(await pageThrough(query)).toEqual(seqsOf(order ? expected.sort(order) : expected));
  });

  it.each([
    ['filter=note:eq:free', 'column-not-indexed'],
    ['filter=nowhere:eq:1', 'column-not-indexed'],
    ['filter=id:lt:5', 'column-not-indexed'],
    ['sort=city', 'column-not-indexed'],
    ['sort=note', 'column-not-indexed'],
    ['filter=n', 'request-invalid'],
    ['filter=n:like:5', 'request-invalid'],
    ['order=desc', 'request-invalid'],
    ['limit=1000', 'request-invalid'],
    ['cursor=x', 'request-invalid'],
    ['unknown=1', 'request-invalid'],
    [Array.from({ length: 9 }, () => 'filter=n:ge:1').join('&'), 'request-invalid'],
  ])('refuses %s with 422', async (query, code) => {
    const { status, body } = await client.ask(`/api/v1/jobs/${jobId}/records?${query}`);
    expect([status, body.code]).toEqual([422, code]);
  });

  it('goes on with the same query alone', async () => {
    const { body } = await client.ask(`/api/v1/jobs/${jobId}/records?sort=n&limit=5`);
    const next = await client.ask(`/api/v1/jobs/${jobId}/records?limit=5&cursor=${body.next_cursor}`);
    expect([next.status, next.body.code]).toEqual([422, 'request-invalid']);
  });

  it('keeps no plain value of an `equal` column, and different keys in each job', async () => {
    const again = await uploaded(client, { csv: 'city\nx\n', index: { city: 'equal' } });
    const { rows } = await server.platform.pool.query(
      'SELECT batch_id, key FROM record_index WHERE column_no = 0 AND (batch_id = $1 OR batch_id = $2)',
      [jobId, again],
    );
    expect(new Set(rows.map(({ key }) => key.length))).toEqual(new Set([16]));
    const keysOf = (id: string) => rows.filter((row) => row.batch_id === id).map(({ key }) => key.toString('hex'));
    expect(keysOf(jobId)).not.toContain(keysOf(again)[0]);
    expect(rows.some(({ key }) => key.includes('x') && key.length < 4)).toBe(false);
  });
});

describe('another client', () => {
  it('finds neither job nor record', async () => {
    for (const path of [`/jobs/${jobId}`, `/jobs/${jobId}/records`, `/jobs/${jobId}/export`]) {
      expect((await other.ask(`/api/v1${path}`)).status).toBe(404);
    }
    for (const path of [recordPath(1), `${recordPath(1)}/history`]) expect((await other.ask(path)).status).toBe(404);
    expect((await other.ask('/api/v1/jobs')).body.jobs).toEqual([]);
  });
});

describe('PUT /api/v1/records/{record_id}', () => {
  it('adds a version, keeps the ones before, and is found by its new values alone', async () => {
    const first = await engineer.ask(recordPath(10));
    expect(first.headers.get('etag')).toBe('"v1"');
    const values = { id: 'tok_10', n: 1000, city: 'q', note: null };
    const { status, headers, body } = await engineer.ask(recordPath(10), edit(values, '"v1"'));
    expect([status, headers.get('etag')]).toEqual([200, '"v2"']);
    const edited = recordSchema.parse(body);
    expect(edited).toMatchObject({
      version: 2,
      values,
      reason: 'typing error',
      author: { kind: 'key', id: engineer.keyId },
    });
    expect((await client.ask(recordPath(10))).body).toEqual(edited);
    const third = await engineer.ask(recordPath(10), edit({ id: 'tok_10', city: 'q' }, '"v2"', 'again'));
    expect(third.body.values).toEqual({ id: 'tok_10', city: 'q' });

    const { versions, next_cursor: next } = recordHistorySchema.parse(
      (await client.ask(`${recordPath(10)}/history`)).body,
    );
    expect(versions.map(({ version, reason }) => [version, reason])).toEqual([
      [3, 'again'],
      [2, 'typing error'],
      [1, null],
    ]);
    expect([versions[2]?.values, versions[1], next]).toEqual([first.body.values, edited, null]);
    const page = recordHistorySchema.parse((await client.ask(`${recordPath(10)}/history?limit=2`)).body);
    expect([page.versions.length, page.next_cursor]).toEqual([2, '2']);
    const rest = recordHistorySchema.parse((await client.ask(`${recordPath(10)}/history?limit=2&cursor=2`)).body);
    expect(rest.versions).toEqual([versions[2]]);
    const beyond = await client.ask(`${recordPath(10)}/history?cursor=999`);
    expect([beyond.status, beyond.body.versions.length]).toEqual([200, 3]);

    expect(await pageThrough('filter=city:eq:q')).toEqual([10]);
    expect(await pageThrough('filter=n:eq:1000')).toEqual([]);
    expect(await pageThrough('filter=n:eq:33')).toEqual(seqsOf(all.filter(({ n, seq }) => n === 33 && seq !== 10)));
    // Without a value it comes last, and is still one of all.
    expect((await pageThrough('sort=n')).at(-1)).toBe(10);
    const { rows } = await server.platform.pool.query(
      'SELECT action, actor_id, detail FROM audit_event WHERE subject = $1 ORDER BY audit_id',
      [`${jobId}.10`],
    );
    expect(rows).toEqual(
      [2, 3].map((version) => ({ action: 'record.edited', actor_id: engineer.keyId, detail: { version } })),
    );
  });

  const values = { id: 'tok_11', n: 1, city: 'x', note: 'free' };
  it.each([
    ['without If-Match', undefined, 428, 'precondition-missing'],
    ['with If-Match: *', '*', 428, 'precondition-missing'],
    ['on a version that is not the latest', '"v2"', 412, 'version-outdated'],
    ['on a weak tag', 'W/"v1"', 412, 'version-outdated'],
    ['on what is no tag', 'v1', 412, 'version-outdated'],
  ])('is refused %s', async (_what, ifMatch, status, code) => {
    const answer = await engineer.ask(recordPath(11), edit(values, ifMatch));
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each([
    ['an unknown column', { ...values, more: 1 }, 422, 'request-invalid'],
    ['a nested value', { ...values, n: [1] }, 422, 'request-invalid'],
    ['personal data', { ...values, note: 'jane@example.com' }, 422, 'raw-pii-found'],
    ['no cell at all', {}, 422, 'request-invalid'],
    ['no object', 'text', 422, 'request-invalid'],
    ['a cell too long to be sorted by', { ...values, n: 'x'.repeat(2_000) }, 422, 'request-invalid'],
  ])('refuses %s', async (_what, content, status, code) => {
    const answer = await engineer.ask(recordPath(11), edit(content, '"v1"'));
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await engineer.ask(recordPath(11))).body.version).toBe(1);
  });

  it.each([
    ['', 'request-invalid'],
    ['   ', 'request-invalid'],
    ['x'.repeat(501), 'request-invalid'],
    ['nul \u0000', 'request-invalid'],
    ['called by jane@example.com', 'raw-pii-found'],
  ])('wants a reason, and not %j', async (reason, code) => {
    const answer = await engineer.ask(recordPath(11), edit(values, '"v1"', reason));
    expect([answer.status, answer.body.code]).toEqual([422, code]);
    expect(JSON.stringify(answer.body)).not.toContain('jane');
  });

  it('is not for those who may only read or propose', async () => {
    for (const who of [client, analyst]) {
      expect((await who.ask(recordPath(11), edit(values, '"v1"'))).status).toBe(403);
    }
    expect((await engineer.ask(`/api/v1/records/${jobId}.151`, edit(values, '"v1"'))).status).toBe(404);
    for (const id of [`${jobId}.0`, `${jobId}.x`, `${jobId}.99999999999`, `${jobId}`, 'x.1', `${jobId}.1.2`]) {
      expect([id, (await engineer.ask(`/api/v1/records/${id}`)).status]).toEqual([id, 404]);
    }
  });

  it('lets exactly one of many editors at once through', async () => {
    for (const version of [1, 2, 3]) {
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) => engineer.ask(recordPath(20), edit({ id: `by_${i}` }, `"v${version}"`))),
      );
      const won = answers.filter(({ status }) => status === 200);
      expect(won.length).toBe(1);
      const lost = answers.filter(({ status }) => status !== 200).map(({ status, body }) => [status, body.code]);
      expect(lost).toEqual(Array.from({ length: 11 }, () => [412, 'version-outdated']));
      expect((await engineer.ask(recordPath(20))).body).toEqual(won[0]?.body);
      expect(await pageThrough(`filter=id:eq:${won[0]?.body.values.id}`)).toEqual([20]);
    }
  });
});

describe('proposals', () => {
  const propose = (who: Person, seq: number, values: unknown, ifMatch = '"v1"') =>
    who.ask(`${recordPath(seq)}/proposals`, { ...edit(values, ifMatch, 'looks wrong'), method: 'POST' });
  const decide = (who: Person, id: string, verdict: 'approve' | 'reject', body: unknown = { reason: 'seen' }) =>
    who.ask(`/api/v1/proposals/${id}/${verdict}`, { method: 'POST', ...jsonBody(body) });

  it('become a version when somebody else approves, with their author, reason and approver', async () => {
    const made = await propose(analyst, 30, { id: 'tok_30', city: 'w' });
    expect(made.status).toBe(201);
    const proposal = proposalSchema.parse(made.body);
    expect(proposal).toMatchObject({
      status: 'open',
      base_version: 1,
      proposed_by: { kind: 'key', id: analyst.keyId },
    });
    expect(made.headers.get('location')).toBe(`/api/v1/proposals/${proposal.proposal_id}`);
    expect((await client.ask(recordPath(30))).body.version).toBe(1);
    const approved = await decide(engineer, proposal.proposal_id, 'approve', {});
    expect(proposalSchema.parse(approved.body)).toMatchObject({
      status: 'approved',
      version: 2,
      decided_by: { kind: 'key', id: engineer.keyId },
    });
    expect((await client.ask(recordPath(30))).body).toMatchObject({
      version: 2,
      values: { id: 'tok_30', city: 'w' },
      author: { kind: 'key', id: analyst.keyId },
      reason: 'looks wrong',
      proposal_id: proposal.proposal_id,
    });
    expect(await pageThrough('filter=city:eq:w')).toEqual([30]);
    expect((await analyst.ask(`/api/v1/proposals/${proposal.proposal_id}`)).body).toEqual(approved.body);
    const again = await decide(engineer, proposal.proposal_id, 'reject');
    expect([again.status, again.body.code]).toEqual([409, 'proposal-decided']);
    const { rows } = await server.platform.pool.query(
      'SELECT action, actor_id FROM audit_event WHERE subject IN ($1, $2) ORDER BY audit_id',
      [proposal.proposal_id, `${jobId}.30`],
    );
    expect(rows).toEqual([
      { action: 'proposal.made', actor_id: analyst.keyId },
      { action: 'record.edited', actor_id: engineer.keyId },
      { action: 'proposal.approved', actor_id: engineer.keyId },
    ]);
  });

  it('leave the record alone when they are rejected, which takes a reason', async () => {
    const { body } = await propose(analyst, 31, { id: 'tok_31' });
    expect((await decide(engineer, body.proposal_id, 'reject', {})).status).toBe(422);
    const rejected = await decide(engineer, body.proposal_id, 'reject');
    expect(rejected.body).toMatchObject({ status: 'rejected', version: null, decision_reason: 'seen' });
    expect((await client.ask(recordPath(31))).body.version).toBe(1);
  });

  it('are decided by nobody on their own, nor by those who may not decide', async () => {
    const { body } = await propose(engineer, 32, { id: 'tok_32' });
    for (const verdict of ['approve', 'reject'] as const) {
      const own = await decide(engineer, body.proposal_id, verdict);
      expect([own.status, own.body.code]).toEqual([403, 'proposal-own']);
      expect((await decide(analyst, body.proposal_id, verdict)).status).toBe(403);
      expect((await decide(client, body.proposal_id, verdict)).status).toBe(403);
    }
    const second = await person(server, 'DataEngineer', ['acme']);
    expect((await decide(second, body.proposal_id, 'approve')).status).toBe(200);
    const foreign = await person(server, 'DataEngineer', ['globex']);
    expect((await foreign.ask(`/api/v1/proposals/${body.proposal_id}`)).status).toBe(404);
    expect((await decide(foreign, body.proposal_id, 'approve')).status).toBe(404);
    expect((await foreign.ask('/api/v1/proposals')).body.proposals).toEqual([]);
  });

  it('cannot be approved once the record has a later version', async () => {
    const { body } = await propose(analyst, 33, { id: 'tok_33', city: 'p' });
    await engineer.ask(recordPath(33), edit({ id: 'tok_33', city: 'e' }, '"v1"'));
    const late = await decide(engineer, body.proposal_id, 'approve');
    expect([late.status, late.body.code]).toEqual([409, 'proposal-outdated']);
    expect((await analyst.ask(`/api/v1/proposals/${body.proposal_id}`)).body.status).toBe('open');
    expect((await client.ask(recordPath(33))).body.values).toEqual({ id: 'tok_33', city: 'e' });
    const stale = await propose(analyst, 33, { id: 'tok_33' });
    expect([stale.status, stale.body.code]).toEqual([412, 'version-outdated']);
    expect((await decide(engineer, body.proposal_id, 'reject')).status).toBe(200);
  });

  it('are decided once, however many decide', async () => {
    const { body } = await propose(analyst, 34, { id: 'tok_34' });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => decide(engineer, body.proposal_id, i % 2 === 0 ? 'approve' : 'reject')),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
    expect(new Set(answers.filter(({ status }) => status !== 200).map((answer) => answer.body.code))).toEqual(
      new Set(['proposal-decided']),
    );
  });

  it('are held to the same rules as edits', async () => {
    for (const [values, code] of [
      [{ id: 'x', note: 'jane@example.com' }, 'raw-pii-found'],
      [{ id: 'x', more: 1 }, 'request-invalid'],
      [{ id: 'x', n: 'x'.repeat(2_000) }, 'request-invalid'],
    ] as const) {
      const answer = await propose(analyst, 35, values);
      expect([answer.status, answer.body.code]).toEqual([422, code]);
    }
    const missing = await analyst.ask(`${recordPath(35)}/proposals`, {
      ...edit({ id: 'x' }, undefined),
      method: 'POST',
    });
    expect([missing.status, missing.body.code]).toEqual([428, 'precondition-missing']);
    expect((await propose(client, 35, { id: 'x' })).status).toBe(403);
  });

  it('are listed newest first, by status, job, record and proposer', async () => {
    const { body } = await propose(analyst, 36, { id: 'tok_36' });
    const of = async (query: string): Promise<string[]> => {
      const answer = await analyst.ask(`/api/v1/proposals?${query}`);
      return answer.body.proposals.map((each: { proposal_id: string }) => each.proposal_id);
    };
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer: { body: { proposals: { proposal_id: string }[]; next_cursor: string | null } } = await analyst.ask(
        `/api/v1/proposals?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...answer.body.proposals.map((each) => each.proposal_id));
      cursor = answer.body.next_cursor;
    }
    expect(seen[0]).toBe(body.proposal_id);
    expect(new Set(seen).size).toBe(seen.length);
    expect(await of('status=open')).toEqual([body.proposal_id]);
    expect(await of(`record_id=${jobId}.36`)).toEqual([body.proposal_id]);
    expect((await of(`job_id=${jobId}&limit=200`)).length).toBe(seen.length);
    expect(await of(`proposed_by=${analyst.keyId}&status=open`)).toEqual([body.proposal_id]);
    expect(await of('proposed_by=nobody')).toEqual([]);
  });
});

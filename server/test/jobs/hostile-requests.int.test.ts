import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTestData, readTestJson, testDataPath } from '../../../test/support/test-data.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { edit, jsonBody, type Person, person, uploaded } from './people.ts';

/** Ways into a statement that is put together from text; each would be true, or harm, if it got into one. */
const injections = [
  "' OR '1'='1",
  "' OR 1=1 --",
  '" OR ""="',
  "'; DROP TABLE record_versions; --",
  "') UNION SELECT payload FROM tokenized_record --",
  '1; SELECT pg_sleep(5)',
  "' || pg_sleep(5) || '",
  '$1',
  "\\'; TRUNCATE record_index; --",
  "x' AND (SELECT count(*) FROM api_key) > 0 AND 'x'='x",
  '%',
  '_',
  '\u0000',
  '\ud800',
  '{1,2}',
  '\\x00',
  'NULL',
];

let server: RunningServer;
let client: Person;
let engineer: Person;
let auditor: Person;
let jobId: string;
beforeAll(async () => {
  server = await startServer();
  client = await person(server, 'Client');
  engineer = await person(server, 'DataEngineer', '*');
  auditor = await person(server, 'SecurityAuditor', '*');
  jobId = await uploaded(client, {
    csv: 'id,n,city\na,1,x\nb,2,y\n',
    index: { id: 'equal', n: 'range', city: 'range' },
  });
});
afterAll(() => server.stop());

const sqlErrors = () => server.log.filter((line) => JSON.parse(line).level === 'error');
const rowsIn = async () => {
  const { rows } = await server.platform.pool.query(
    `SELECT (SELECT count(*) FROM record_index)::int AS index, (SELECT count(*) FROM record_versions)::int AS versions,
            (SELECT count(*) FROM processing_batch)::int AS jobs, (SELECT count(*) FROM tokenized_record)::int AS records`,
  );
  return rows[0];
};

/** Every place of every request that takes text. */
function requestsWith(text: string): { who: Person; path: string; init?: RequestInit; isFree?: boolean }[] {
  const t = encodeURIComponent(text.toWellFormed());
  const records = `/api/v1/jobs/${jobId}/records`;
  return [
    ...['id:eq:', 'n:eq:', 'n:ge:', 'n:lt:', 'city:gt:', 'city:eq:'].map((filter) => ({
      who: client,
      path: `${records}?filter=${filter}${t}`,
      isFree: true,
    })),
    { who: client, path: `${records}?search=${t}`, isFree: true },
    { who: client, path: `${records}?filter=${t}:eq:1` },
    { who: client, path: `${records}?filter=id:${t}:1` },
    { who: client, path: `${records}?filter=${t}` },
    { who: client, path: `${records}?sort=${t}` },
    { who: client, path: `${records}?sort=n&order=${t}` },
    { who: client, path: `${records}?limit=${t}` },
    { who: client, path: `${records}?cursor=${t}` },
    { who: client, path: `${records}?cursor=${Buffer.from(text).toString('base64url')}` },
    { who: client, path: `${records}?${t}=1` },
    ...['client_id', 'status', 'processing_type', 'received_from', 'received_before', 'cursor', 'limit'].map(
      (name) => ({
        who: engineer,
        path: `/api/v1/jobs?${name}=${t}`,
      }),
    ),
    { who: engineer, path: `/api/v1/jobs/${t}` },
    { who: engineer, path: `/api/v1/jobs/${t}/records` },
    { who: engineer, path: `/api/v1/jobs/${jobId}/export?format=${t}` },
    { who: engineer, path: `/api/v1/records/${t}` },
    { who: engineer, path: `/api/v1/records/${jobId}.${t}` },
    { who: engineer, path: `/api/v1/records/${jobId}.1/history?cursor=${t}` },
    ...['status', 'job_id', 'record_id', 'proposed_by', 'cursor'].map((name) => ({
      who: engineer,
      path: `/api/v1/proposals?${name}=${t}`,
      isFree: name === 'proposed_by',
    })),
    { who: engineer, path: `/api/v1/proposals/${t}` },
    { who: engineer, path: `/api/v1/proposals/${t}/reject`, init: { method: 'POST', ...jsonBody({ reason: 'no' }) } },
    ...['principal_id', 'role', 'client_id', 'permission', 'resource_id', 'allowed', 'from', 'before', 'cursor'].map(
      (name) => ({
        who: auditor,
        path: `/api/v1/access-log?${name}=${t}`,
        // What was asked for before under such an id stands in the log.
        isFree: false,
      }),
    ),
  ];
}

/** What may be text of any kind finds nothing; what may not is refused. Neither fails. */
async function sendEverywhere(texts: readonly string[]): Promise<void> {
  const before = await rowsIn();
  for (const text of texts) {
    for (const { who, path, init, isFree } of requestsWith(text)) {
      const { status, body } = await who.ask(path, init);
      expect([200, 404, 422, ...(isFree ? [] : [400, 405])], `${status} ${body.code} ${path}`).toContain(status);
      const page = body.records ?? body.proposals ?? body.entries;
      // 1 and 2, x and y are what is there; nothing else may be found, save by what is less or more than it.
      if (isFree && page && !/(ge|lt|gt):/.test(path)) expect(page, path).toEqual([]);
    }
  }
  expect(sqlErrors()).toEqual([]);
  expect(await rowsIn()).toEqual(before);
}

describe('text that is meant for a statement', () => {
  it('does nothing in any filter, path, cursor or order', () => sendEverywhere(injections));

  it('comes back as it is from a cell, and is found by it', async () => {
    const { body } = await engineer.ask(`/api/v1/records/${jobId}.2`);
    let version = body.version;
    for (const text of injections.filter((each) => each.isWellFormed())) {
      const values = { id: text, n: text, city: text };
      const answer = await engineer.ask(`/api/v1/records/${jobId}.2`, edit(values, `"v${version}"`));
      expect([text, answer.status, answer.body.code]).toEqual([text, 200, undefined]);
      version = answer.body.version;
      expect(answer.body.values).toEqual(values);
      for (const column of ['id', 'n', 'city']) {
        const found = await client.ask(`/api/v1/jobs/${jobId}/records?filter=${column}:eq:${encodeURIComponent(text)}`);
        expect(found.body.records.map(({ seq }: { seq: number }) => seq)).toEqual([2]);
      }
    }
    await engineer.ask(`/api/v1/records/${jobId}.2`, edit({ id: 'b', n: '2', city: 'y' }, `"v${version}"`));
  });

  it('may be the name of a column', async () => {
    const names = injections.filter((name) => name !== '\u0000' && name.isWellFormed() && !name.includes('"'));
    const quoted = names.map((name) => `"${name}"`).join(',');
    for (const name of names) {
      const id = await uploaded(client, {
        csv: `${quoted}\n${names.map((_, i) => `v${i}`).join(',')}\n`,
        index: { [name]: 'range' },
        fields: { key_column: name },
      });
      const column = encodeURIComponent(name);
      const value = `v${names.indexOf(name)}`;
      const path = `/api/v1/jobs/${id}/records`;
      for (const query of [`filter=${column}:eq:${value}`, `sort=${column}`, `search=${value}`]) {
        const { status, body } = await client.ask(`${path}?${query}`);
        expect([name, query, status, body.records?.length]).toEqual([name, query, 200, 1]);
      }
      expect((await client.ask(`${path}?filter=${column}:eq:other`)).body.records).toEqual([]);
    }
    expect(sqlErrors()).toEqual([]);
  });
});

describe.skipIf(!hasTestData('json-blns/blns.json'))('the naughty strings of SDP_TEST_DATA', () => {
  it('do nothing in any filter, path, cursor or order', async () => {
    const strings = readTestJson('json-blns', 'blns.json') as string[];
    // `1` and so on are what is there; an empty parameter is another thing than an empty value.
    const naughty = strings.filter((text) => text !== '' && !/^[12]([.,0]*|e0)$|^[xy]$/i.test(text));
    expect(naughty.length).toBeGreaterThan(400);
    await sendEverywhere(naughty.filter((_, i) => i % 24 === 0));
    for (const text of naughty) {
      const filter = `filter=id:eq:${encodeURIComponent(text)}&filter=city:eq:${encodeURIComponent(text)}`;
      const { status, body } = await client.ask(`/api/v1/jobs/${jobId}/records?${filter}`);
      expect([text, status, body.records]).toEqual([text, 200, []]);
    }
    expect(sqlErrors()).toEqual([]);
  });
});

const parsingFolder = 'json-testsuite/test_parsing';
describe.skipIf(!hasTestData(parsingFolder))('the JSON test suite of SDP_TEST_DATA', () => {
  it('is answered with a refusal or an edit on every route that takes JSON, never with a failure', async () => {
    const files = readdirSync(testDataPath(parsingFolder)).filter((name) => name.endsWith('.json'));
    expect(files.length).toBeGreaterThan(150);
    const analyst = await person(server, 'DataAnalyst', '*');
    const record = `/api/v1/records/${jobId}.1`;
    const proposal = await engineer.ask(`${record}/proposals`, { ...edit({ id: 'p' }, '"v1"'), method: 'POST' });
    const decision = `/api/v1/proposals/${proposal.body.proposal_id}`;
    const send = async (who: Person, method: string, path: string, body: Buffer) => {
      const headers = { 'Content-Type': 'application/json', 'If-Match': '"v7"' };
      const response = await who.fetch(path, { method, headers, body: new Uint8Array(body) });
      await response.text();
      return response.status;
    };
    const around = (before: string, content: Buffer, after: string) =>
      Buffer.concat([Buffer.from(before), content, Buffer.from(after)]);
    for (const name of files) {
      const content = readFileSync(testDataPath(parsingFolder, name));
      const bodies = [
        content,
        around('{"values":', content, ',"reason":"r"}'),
        around('{"values":{"id":', content, '},"reason":"r"}'),
        around('{"values":{"id":"x"},"reason":', content, '}'),
      ];
      for (const [i, body] of bodies.entries()) {
        const statuses = [
          await send(engineer, 'PUT', record, body),
          await send(analyst, 'POST', `${record}/proposals`, body),
        ];
        // 412: it is well-formed, and based on a version that isn't there.
        for (const status of statuses) expect([400, 412, 413, 422], `${name} ${i}: ${statuses}`).toContain(status);
        if (name.startsWith('n_')) expect(statuses, `${name} ${i}`).not.toContain(412);
      }
      for (const body of [content, around('{"reason":', content, '}')]) {
        for (const verdict of ['approve', 'reject']) {
          const status = await send(engineer, 'POST', `${decision}/${verdict}`, body);
          // 403: it is well-formed, and one's own.
          expect([400, 403, 413, 422], `${name} ${verdict}: ${status}`).toContain(status);
          if (name.startsWith('n_')) expect(status, name).not.toBe(403);
        }
      }
    }
    expect(sqlErrors()).toEqual([]);
  });
});

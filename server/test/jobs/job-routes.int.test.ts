import { request as httpRequest } from 'node:http';
import { jobListSchema, jobSchema, jobUploadedSchema, problemSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { type Person, person, uploaded, uploadForm } from './people.ts';

let server: RunningServer;
let acme: Person;
beforeAll(async () => {
  server = await startServer({ environment: { SDP_MAX_BODY_BYTES: '400000' } });
  acme = await person(server, 'Client');
});
afterAll(() => server.stop());

const counts = async () => {
  const { rows } = await server.platform.pool.query(
    `SELECT (SELECT count(*) FROM processing_batch)::int AS jobs, (SELECT count(*) FROM tokenized_record)::int AS records,
            (SELECT count(*) FROM record_index)::int AS index`,
  );
  return rows[0];
};

describe('POST /api/v1/jobs/upload', () => {
  it('stores a job, its index and who sent it', async () => {
    const form = uploadForm({ csv: 'id,city\na,x\nb,y\n', index: { city: 'equal' }, fields: { key_column: 'id' } });
    const { status, body, headers } = await acme.ask('/api/v1/jobs/upload', { method: 'POST', body: form });
    expect(status).toBe(201);
    const { job_id: jobId } = jobUploadedSchema.parse(body);
    expect(headers.get('location')).toBe(`/api/v1/jobs/${jobId}`);
    const job = jobSchema.parse((await acme.ask(`/api/v1/jobs/${jobId}`)).body);
    expect(job).toMatchObject({
      client_id: 'acme',
      accepted_records: 2,
      columns: ['id', 'city'],
      index: { city: 'equal' },
    });
    const { rows } = await server.platform.pool.query(
      'SELECT actor_kind, actor_id, action, detail FROM audit_event WHERE subject = $1',
      [jobId],
    );
    const detail = { records: 2, processing_type: 'anomaly_detection' };
    expect(rows).toMatchObject([{ actor_kind: 'key', actor_id: acme.keyId, action: 'job.uploaded', detail }]);
  });

  it('takes staff’s for the client that they name', async () => {
    const engineer = await person(server, 'DataEngineer', '*');
    const jobId = await uploaded(engineer, { csv: 'id\na\n' }, { 'X-SDP-Client-Id': 'globex' });
    expect((await acme.ask(`/api/v1/jobs/${jobId}`)).status).toBe(404);
    const mine = await engineer.ask('/api/v1/jobs?client_id=globex');
    expect(mine.body.jobs.map((job: { job_id: string }) => job.job_id)).toEqual([jobId]);
    const unnamed = await engineer.ask('/api/v1/jobs/upload', { method: 'POST', body: uploadForm({ csv: 'id\na\n' }) });
    expect([unnamed.status, unnamed.body.code]).toEqual([422, 'request-invalid']);
  });

  it('repeats the answer for an idempotency key, however the parts are divided', async () => {
    const send = () =>
      acme.ask('/api/v1/jobs/upload', {
        method: 'POST',
        body: uploadForm({ csv: 'id\nrepeated\n' }),
        headers: { 'Idempotency-Key': 'once' },
      });
    const [first, second] = [await send(), await send()];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  const file = (csv: string, name = 'file', type = 'text/csv'): [string, Blob] => [name, new Blob([csv], { type })];
  const cases: [string, number, string, (form: FormData) => void][] = [
    ['no file', 422, 'request-invalid', (form) => form.delete('file')],
    ['a field behind the file', 422, 'request-invalid', (form) => form.append('params', '{}')],
    [
      'a field twice',
      422,
      'request-invalid',
      (form) => {
        form.delete('file');
        form.append('processing_type', 'risk_scoring');
        form.append(...file('id\na\n'));
      },
    ],
    ['a second file', 422, 'request-invalid', (form) => form.append(...file('id\nb\n'))],
    [
      'a file by another name',
      422,
      'request-invalid',
      (form) => {
        form.delete('file');
        form.append(...file('id\na\n', 'other'));
      },
    ],
    [
      'a file of another type',
      415,
      'media-type-unsupported',
      (form) => form.set(...file('id\na\n', 'file', 'text/html')),
    ],
    [
      'a field that is not known',
      422,
      'request-invalid',
      (form) => {
        form.delete('file');
        form.append('surprise', '1');
        form.append(...file('id\na\n'));
      },
    ],
    [
      'a field that is too large',
      422,
      'request-invalid',
      (form) => {
        form.delete('file');
        form.append('params', 'x'.repeat(300_000));
        form.append(...file('id\na\n'));
      },
    ],
    [
      'an index on a column that is not there',
      422,
      'csv-column-unknown',
      (form) => {
        form.delete('file');
        form.append('index', '{"nowhere":"equal"}');
        form.append(...file('id\na\n'));
      },
    ],
    [
      'an index of another kind',
      422,
      'request-invalid',
      (form) => {
        form.delete('file');
        form.append('index', '{"id":"fuzzy"}');
        form.append(...file('id\na\n'));
      },
    ],
    [
      'an index that is not JSON',
      422,
      'request-invalid',
      (form) => {
        form.delete('file');
        form.append('index', '{id}');
        form.append(...file('id\na\n'));
      },
    ],
    [
      'a cell too long to be sorted by',
      422,
      'request-invalid',
      (form) => {
        form.delete('file');
        form.append('index', '{"id":"range"}');
        form.append(...file(`id\n${'x'.repeat(1_100)}\n`));
      },
    ],
    ['personal data', 422, 'raw-pii-found', (form) => form.set(...file('id,mail\na,jane@example.com\n'))],
    ['a ragged row', 422, 'csv-ragged', (form) => form.set(...file('id,b\n1\n'))],
    ['an empty file', 422, 'csv-empty', (form) => form.set(...file(''))],
    ['too much', 413, 'payload-too-large', (form) => form.set(...file(`id\n${'token\n'.repeat(80_000)}`))],
  ];
  it.each(cases)('refuses %s, storing nothing', async (_what, status, code, change) => {
    const before = await counts();
    const form = uploadForm({ csv: 'id\na\n' });
    change(form);
    const answer = await acme.ask('/api/v1/jobs/upload', { method: 'POST', body: form });
    expect([answer.status, problemSchema.parse(answer.body).code]).toEqual([status, code]);
    expect(JSON.stringify(answer.body)).not.toMatch(/jane|surprise|nowhere/);
    expect(await counts()).toEqual(before);
  });

  it.each([
    ['no boundary', 'multipart/form-data', 400],
    ['no multipart', 'text/csv', 415],
    ['a body that is cut off', 'multipart/form-data; boundary=x', 400],
    ['a boundary that never comes', 'multipart/form-data; boundary=y', 400],
  ])('refuses %s', async (_what, type, status) => {
    const before = await counts();
    const body =
      '--x\r\nContent-Disposition: form-data; name="processing_type"\r\n\r\nanomaly_detection\r\n' +
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\nid\na\nb\n';
    const answer = await acme.ask('/api/v1/jobs/upload', { method: 'POST', body, headers: { 'Content-Type': type } });
    expect([answer.status, problemSchema.parse(answer.body).status]).toEqual([status, status]);
    expect(await counts()).toEqual(before);
  });

  it('stores nothing of an upload whose sender goes away', async () => {
    const before = await counts();
    const request = httpRequest(`${server.url}/api/v1/jobs/upload`, {
      method: 'POST',
      headers: { 'X-API-Key': acme.key, 'Content-Type': 'multipart/form-data; boundary=x' },
    });
    request.on('error', () => undefined);
    request.write('--x\r\nContent-Disposition: form-data; name="processing_type"\r\n\r\nanomaly_detection\r\n');
    request.write('--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid\n');
    request.write('row\n'.repeat(50_000));
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.log.length = 0;
    request.destroy();
    for (let i = 0; i < 100 && !server.log.some((line) => line.includes('jobs/upload')); i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await counts()).toEqual(before);
    // And it goes on taking uploads.
    await uploaded(acme, { csv: 'id\nafterwards\n' });
  });

  it('reads a file of many pieces to its end', async () => {
    const csv = `id\n${Array.from({ length: 30_000 }, (_, i) => `tok_${i}\n`).join('')}`;
    const { status, body } = await acme.ask('/api/v1/jobs/upload', { method: 'POST', body: uploadForm({ csv }) });
    expect([status, body.accepted_records]).toEqual([201, 30_000]);
  });

  it('reads a file in whatever pieces it comes', async () => {
    const body = Buffer.from(
      '--sep\r\nContent-Disposition: form-data; name="processing_type"\r\n\r\nanomaly_detection\r\n' +
        '--sep\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid,n\r\n"--sep",\r\n-,"\r\n--se"\r\n\r\n--sep--\r\n',
    );
    for (const size of [1, 2, 7, 64]) {
      const request = httpRequest(`${server.url}/api/v1/jobs/upload`, {
        method: 'POST',
        headers: { 'X-API-Key': acme.key, 'Content-Type': 'multipart/form-data; boundary=sep' },
      });
      const answered = new Promise<string>((resolve, reject) => {
        request.on('error', reject).on('response', (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
        });
      });
      for (let at = 0; at < body.length; at += size) {
        request.write(body.subarray(at, at + size));
        if (at % 32 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      request.end();
      const { job_id: jobId } = JSON.parse(await answered);
      const { body: page } = await acme.ask(`/api/v1/jobs/${jobId}/records`);
      expect(page.records.map(({ values }: { values: unknown }) => values)).toEqual([
        { id: '--sep', n: '' },
        { id: '-', n: '\r\n--se' },
      ]);
    }
  });
});

describe('GET /api/v1/jobs', () => {
  it('pages through what the caller may see, newest first, each once', async () => {
    const client = await person(server, 'Client', ['paging']);
    const sent: string[] = [];
    for (let i = 0; i < 5; i++) sent.push(await uploaded(client, { csv: `id\n${i}\n` }));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await client.ask(`/api/v1/jobs?limit=2${cursor && `&cursor=${cursor}`}`);
      const page = jobListSchema.parse(body);
      seen.push(...page.jobs.map((job) => job.job_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual([...sent].reverse());
    const of = async (query: string) => (await client.ask(`/api/v1/jobs?${query}`)).body.jobs.length;
    expect(await of('client_id=paging')).toBe(5);
    expect(await of('client_id=acme')).toBe(0);
    expect(await of('processing_type=risk_scoring')).toBe(0);
    expect(await of(`received_before=${new Date(0).toISOString()}`)).toBe(0);
    expect(await of(`received_from=${new Date(0).toISOString()}&status=RECEIVED`)).toBe(5);
  });

  it.each([
    'limit=0',
    'limit=201',
    'status=DONE',
    'cursor=abc',
    'cursor=OTk5OTk5OTk5OTk5OTk5IDE',
    'client_id=%27',
    'what=1',
    'received_from=now',
  ])('refuses %s', async (query) => {
    const { status, body } = await acme.ask(`/api/v1/jobs?${query}`);
    expect([status, body.code]).toEqual([422, 'request-invalid']);
  });
});

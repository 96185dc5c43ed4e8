import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qualityReportSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvHeaders, type RunningServer, startServer } from '../support/running-server.ts';

let server: RunningServer;
let gateway: Server;
let folder: string;
const pushed: { readonly method: string; readonly path: string; readonly body: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-quality-'));
  const file = join(folder, 'quality.yml');
  writeFileSync(
    file,
    `tables:
  - source_table: points
    applies_to: { columns: [id, n, m] }
    expectations:
      - { expect: unique, column: id }
      - { expect: range, column: n, min: 0, max: 100 }
      - { expect: range, column: m, max: 10, severity: warning }
      - { expect: stable, column: n, edges: [2, 4, 6], psi: 0.3, ks: 0.3 }
`,
  );
  gateway = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      pushed.push({ method: request.method ?? '', path: request.url ?? '', body });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => gateway.once('listening', done));
  server = await startServer({
    roles: ['anomaly'],
    environment: {
      SDP_QUALITY_FILE: file,
      SDP_PUSHGATEWAY_URL: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
    },
  });
});
afterAll(async () => {
  await server.stop();
  gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const rows = (n: (index: number) => number, m = 5) =>
  Array.from({ length: 200 }, (_, index) => `tok_${index},${n(index)},${m}`);

async function upload(
  lines: readonly string[],
  header = 'id,n,m',
  declaration?: object,
): Promise<{ id: string; status: string }> {
  const body = `${header}\n${lines.join('\n')}\n`;
  const declared = declaration && { 'x-sdp-declaration': encodeURIComponent(JSON.stringify(declaration)) };
  const headers = { ...csvHeaders, ...declared };
  const accepted = await server.fetch('/api/v1/process', { method: 'POST', body, headers });
  const { batch_id: id } = (await accepted.json()) as { batch_id: string };
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const { status } = (await (await server.fetch(`/api/v1/batches/${id}`)).json()) as { status: string };
    if (status !== 'RECEIVED' && status !== 'PROCESSING') return { id, status };
    await new Promise((next) => setTimeout(next, 25));
  }
  throw new Error('the batch was not finished');
}

const reportOf = async (id: string) =>
  qualityReportSchema.parse(await (await server.fetch(`/api/v1/quality/${id}`)).json());
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];

describe('the quality of jobs', () => {
  it('lets a good job through, and tells of it', async () => {
    const { id, status } = await upload(rows((index) => index % 8));
    expect(status).toBe('PROCESSED');
    const report = await reportOf(id);
    expect(report).toMatchObject({
      job_id: id,
      client_id: 'acme',
      source_table: 'points',
      outcome: 'passed',
      records: 200,
    });
    expect(report.expectations.map(({ passed }) => passed)).toEqual([true, true, true, true]);
    expect((await server.fetch(`/api/v1/results/${id}`)).status).toBe(200);
  });

  it('quarantines a job that fails an error: no results, a clear code, record numbers and no values', async () => {
    const { id, status } = await upload([...rows((index) => index % 8), 'tok_3,987654321,5']);
    expect(status).toBe('QUARANTINED');
    const report = await reportOf(id);
    expect(report.outcome).toBe('quarantined');
    expect(report.expectations[0]).toMatchObject({ expectation: 'unique', passed: false, failed: 1, records: [201] });
    expect(report.expectations[1]).toMatchObject({ expectation: 'range', passed: false, failed: 1, records: [201] });
    expect(JSON.stringify(report)).not.toMatch(/tok_|987654321/);
    expect(await codeOf(await server.fetch(`/api/v1/results/${id}`))).toEqual([409, 'batch-quarantined']);
    const { rows: computed } = await server.platform.pool.query('SELECT FROM processed_result WHERE batch_id = $1', [
      id,
    ]);
    expect(computed).toHaveLength(0);
    expect(server.log.join('')).not.toMatch(/987654321/);
    const stored = await server.platform.pool.query('SELECT q::text AS row FROM quality_result q WHERE batch_id = $1', [
      id,
    ]);
    expect(stored.rows[0].row).not.toMatch(/unique|range|stable/);
  });

  it('warns without keeping results back', async () => {
    const { id, status } = await upload(rows((index) => index % 8, 11));
    expect([status, (await reportOf(id)).outcome]).toEqual(['PROCESSED', 'warned']);
  });

  it('compares with the last good job, not with one that is quarantined', async () => {
    const shifted = rows((index) => (index % 8) + 4);
    for (let turn = 0; turn < 2; turn += 1) {
      const { id, status } = await upload(shifted);
      expect(status).toBe('QUARANTINED');
      const stable = (await reportOf(id)).expectations[3];
      expect(stable).toMatchObject({ passed: false, note: null, ks: 0.5 });
    }
  });

  it('leaves jobs of other tables alone', async () => {
    const { id, status } = await upload(['tok_1,1', 'tok_1,2'], 'id,k');
    expect(status).toBe('PROCESSED');
    expect(await codeOf(await server.fetch(`/api/v1/quality/${id}`))).toEqual([404, 'not-found']);
    expect(await codeOf(await server.fetch('/api/v1/quality/none'))).toEqual([404, 'not-found']);
  });

  it('finds the table of a job that names it by its name, and misses the columns', async () => {
    const declaration = { source: 'user', source_table: 'points' };
    const { id, status } = await upload(['tok_1,1'], 'id,k', declaration);
    expect(status).toBe('QUARANTINED');
    expect(await (await server.fetch(`/api/v1/batches/${id}`)).json()).toMatchObject({ source_table: 'points' });
    const report = await reportOf(id);
    expect(report.expectations.map(({ passed }) => passed)).toEqual([true, false, false, false]);
    await server.platform.pool.query(
      `UPDATE processing_batch SET declaration = declaration - 'source_table' WHERE batch_id = $1`,
      [id],
    );
    expect(await codeOf(await server.fetch(`/api/v1/batches/${id}`))).toEqual([409, 'record-tampered']);
  });

  it('is hidden from another client', async () => {
    const { id } = await upload(rows((index) => index % 8));
    const { text } = await server.keys.create({
      clientId: 'other',
      label: '',
      scopes: ['batches:read'],
      allowDeclaredSafe: false,
    });
    const headers = { 'X-API-Key': text };
    expect((await server.fetch(`/api/v1/quality/${id}`, { headers })).status).toBe(404);
  });

  it('is not served where somebody changed it with SQL', async () => {
    const { id } = await upload(rows((index) => index % 8));
    const changes = [
      "outcome = 'warned'",
      'records = records + 1',
      "source_table = 'x'",
      'payload = set_byte(payload, 0, get_byte(payload, 0) # 1)',
      'payload = set_byte(payload, length(payload) - 1, get_byte(payload, length(payload) - 1) # 1)',
      "payload = ''",
      "client_id = 'acme2'",
      "evaluated_at = evaluated_at + interval '1 second'",
    ];
    for (const change of changes) {
      const before = await server.platform.pool.query('SELECT * FROM quality_result WHERE batch_id = $1', [id]);
      await server.platform.pool.query(`UPDATE quality_result SET ${change} WHERE batch_id = $1`, [id]);
      // A row that is another client's isn't seen at all.
      const refusal = change.startsWith('client_id') ? [404, 'not-found'] : [409, 'record-tampered'];
      expect(await codeOf(await server.fetch(`/api/v1/quality/${id}`)), change).toEqual(refusal);
      const { client_id, outcome, records, source_table, payload, evaluated_at } = before.rows[0];
      await server.platform.pool.query(
        'UPDATE quality_result SET outcome = $2, records = $3, source_table = $4, payload = $5, evaluated_at = $6, client_id = $7 WHERE batch_id = $1',
        [id, outcome, records, source_table, payload, evaluated_at, client_id],
      );
    }
    expect((await server.fetch(`/api/v1/quality/${id}`)).status).toBe(200);
  });

  it('is not compared with a profile that somebody changed with SQL', async () => {
    const { pool } = server.platform;
    await pool.query("UPDATE quality_result SET payload = '' WHERE outcome <> 'quarantined'");
    const { id, status } = await upload(rows((index) => index % 8));
    expect(status).toBe('QUARANTINED');
    expect((await reportOf(id)).expectations[3]).toMatchObject({ passed: false, note: 'earlier-job-tampered' });
    const metrics = await (await server.fetch('/metrics')).text();
    expect(metrics).toMatch(/^record_integrity_failures_total\{check="worker"\} 1$/m);
  });

  it('is told to metrics and to the Pushgateway', async () => {
    const metrics = await (await server.fetch('/metrics')).text();
    expect(metrics).toMatch(/^sdp_quality_jobs_total\{outcome="quarantined"\} [1-9]/m);
    expect(metrics).toMatch(/^sdp_quality_expectations_failed_total\{expectation="unique",severity="error"\} 1$/m);
    const bad = pushed.find(({ body }) => /^sdp_quality_outcome\{outcome="quarantined"\} 1$/m.test(body));
    expect(bad).toMatchObject({ method: 'PUT', path: '/metrics/job/sdp_quality/source_table/points/client_id/acme' });
    expect(bad?.body).toMatch(/^sdp_quality_failed_expectations\{expectation="range",severity="error"\} 1$/m);
    expect(bad?.body).toMatch(/^sdp_quality_records 201$/m);
    expect(pushed.map(({ body }) => body).join('')).not.toMatch(/tok_|987654321/);
  });
});

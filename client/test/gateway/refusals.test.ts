import { request as httpRequest } from 'node:http';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { LogEvent } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EventBench, eventBench, freePort, until } from '../support/event-bench.ts';
import type { ProgramRun } from '../support/run-program.ts';

const json = { 'content-type': 'application/json' };
const proto = { 'content-type': 'application/x-protobuf' };

describe('the gateway', () => {
  let bench: EventBench;
  let url: string;
  let away = false;
  const stop = new AbortController();
  let done: Promise<ProgramRun>;
  beforeAll(async () => {
    bench = await eventBench({ fault: () => (away ? { kind: 'cut' } : undefined) });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    done = bench.run(['gateway', '--port', String(port), '--max-body', '1', '--spool-max', '1'], {
      signal: stop.signal,
    });
    await until(() =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    stop.abort();
    await done;
    await bench.close();
  });

  const post = (path: string, headers: Record<string, string>, body: string | Uint8Array) =>
    fetch(url + path, { method: 'POST', headers, body: body as never });
  const record = (message: string) => ({
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: message } }] }] }],
  });

  /** `google.rpc.Status` as its own fields say. */
  async function statusOf(response: Response): Promise<{ code: number; message: string }> {
    if (response.headers.get('content-type') === 'application/json') return (await response.json()) as never;
    const reader = new BinaryReader(new Uint8Array(await response.arrayBuffer()));
    const status = { code: 0, message: '' };
    while (reader.pos < reader.len) {
      const [field] = reader.tag();
      if (field === 1) status.code = reader.int32();
      else status.message = reader.string();
    }
    return status;
  }

  it.each([
    ['JSON that is none', '/v1/logs', json, '{"resourceLogs":'],
    ['JSON of another shape', '/v1/logs', json, '{"resourceLogs":{"a":1}}'],
    ['a list', '/v1/metrics', json, '[]'],
    ['nesting without end', '/v1/logs', json, `{"resourceLogs":${'['.repeat(100_000)}`],
    ['bytes that are no message', '/v1/logs', proto, Buffer.from('ffffffffffffffffffff', 'hex')],
    ['a message that ends too early', '/v1/metrics', proto, Buffer.from('0a10aa', 'hex')],
    ['a field of another type', '/v1/logs', proto, Buffer.from('0801', 'hex')],
    ['gzip that is none', '/v1/logs', { ...json, 'content-encoding': 'gzip' }, 'nothing'],
  ])('answers %s with 400 and a status in the encoding of the request', async (_name, path, headers, body) => {
    const response = await post(path, headers as Record<string, string>, body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe(headers['content-type']);
    const status = await statusOf(response);
    expect(status.code).toBe(3);
    expect(status.message).toMatch(/^The body/);
  });

  it('reads no value deeper than it may nest', async () => {
    let value = new BinaryWriter().tag(1, WireType.LengthDelimited).string('x').finish();
    for (let depth = 0; depth < 60; depth += 1) {
      const list = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(value).finish();
      value = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(list).finish();
    }
    const wrap = (field: number, inner: Uint8Array) =>
      new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(inner).finish();
    const response = await post('/v1/logs', proto, wrap(1, wrap(2, wrap(2, wrap(5, value)))));
    expect(response.status).toBe(400);
  });

  it.each([
    [415, '/v1/logs', { 'content-type': 'text/plain' }, '{}'],
    [415, '/v1/logs', { ...json, 'content-encoding': 'br' }, '{}'],
    [404, '/v1/traces', json, '{}'],
    [413, '/v1/logs', json, ' '.repeat(1_100_000)],
    [413, '/v1/logs', { ...json, 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(200_000_000, 32))],
    [413, '/v1/logs', { ...json, 'content-encoding': 'zstd' }, zstdCompressSync(Buffer.alloc(200_000_000, 32))],
  ])('answers %s to %s', async (status, path, headers, body) => {
    const response = await post(path, headers as Record<string, string>, body);
    expect(response.status).toBe(status);
    expect((await statusOf(response)).message).not.toBe('');
  });

  it('answers GET with 405', async () => {
    const response = await fetch(`${url}/v1/logs`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  it('asks senders to slow down while it takes as many requests as it can', async () => {
    // Sixteen that never end their bodies.
    const open = Array.from({ length: 16 }, () => {
      const request = httpRequest(`${url}/v1/logs`, { method: 'POST', headers: { ...json, 'content-length': '100' } });
      request.on('error', () => undefined).write('{');
      return request;
    });
    let response = await post('/v1/logs', json, '{}');
    await until(async () => {
      if (response.status !== 429) response = await post('/v1/logs', json, '{}');
      return response.status === 429;
    });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await statusOf(response)).code).toBe(8);
    for (const request of open) request.destroy();
    await until(async () => (await post('/v1/logs', json, '{}')).status === 200);
  });

  it('answers to no name but those of this machine', async () => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(`${url}/v1/logs`, {
        method: 'POST',
        headers: { ...json, host: 'rebound.example.com' },
      });
      request
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end('{}');
    });
    expect(status).toBe(403);
  });

  it('says how many records it refused, in both encodings, and keeps the others', async () => {
    const before = bench.server.events.length;
    const points = [1, Number.NaN, 3].map((asDouble) => ({
      timeUnixNano: '1767323045678000000',
      asDouble: Number.isNaN(asDouble) ? 'NaN' : asDouble,
    }));
    const metrics = {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'a', gauge: { dataPoints: points } }] }] }],
    };
    const response = await post('/v1/metrics', json, JSON.stringify(metrics));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ partialSuccess: { rejectedDataPoints: '1' } });
    await until(() => bench.server.events.length === before + 2);
    const whole = await post('/v1/logs', json, JSON.stringify(record('fine')));
    expect(await whole.text()).toBe('{}');
    await until(() => bench.server.events.length === before + 3);
    expect((await (await post('/v1/logs', proto, new Uint8Array())).arrayBuffer()).byteLength).toBe(0);
  });

  it('takes levels, times and values as the specification has them', async () => {
    const logRecords = [
      {
        severityNumber: 'SEVERITY_NUMBER_WARN2',
        timeUnixNano: '1767323045678901234',
        body: { intValue: '9007199254740993' },
      },
      {
        severityText: 'Critical',
        observedTimeUnixNano: 1767323045678,
        body: { bytesValue: Buffer.from('of eva.fink@example.org').toString('base64') },
      },
      {
        severityNumber: 24,
        body: { doubleValue: 0.5 },
        attributes: [{ key: 'a', value: { kvlistValue: { values: [{ key: 'b', value: { boolValue: true } }] } } }],
      },
    ];
    const before = bench.server.events.length;
    const response = await post(
      '/v1/logs',
      json,
      JSON.stringify({ resourceLogs: [{ resource: null, scopeLogs: [{ logRecords }] }], unknown: 1 }),
    );
    expect(await response.text()).toBe('{}');
    await until(() => bench.server.events.length === before + 3);
    const [first, second, third] = bench.server.events.slice(before) as [LogEvent, LogEvent, LogEvent];
    expect(first).toMatchObject({ level: 'WARN', at: '2026-01-02T03:04:05.678Z', message: '9007199254740993' });
    expect(second.level).toBe('FATAL');
    expect(second.message).toMatch(/^of tok_[0-9a-f]{32}$/);
    expect(third).toMatchObject({ level: 'FATAL', message: '0.5', attributes: { 'a.b': true } });
  });

  it('asks senders to wait while its spool is full, and loses nothing that it said it had', async () => {
    await until(() => bench.server.events.length > 0);
    const before = bench.server.events.length;
    away = true;
    const message = 'm'.repeat(8_000);
    const batch = {
      resourceLogs: [
        { scopeLogs: [{ logRecords: Array.from({ length: 20 }, () => ({ body: { stringValue: message } })) }] },
      ],
    };
    let taken = 0;
    let response = await post('/v1/logs', json, JSON.stringify(batch));
    while (response.status === 200) {
      taken += 20;
      response = await post('/v1/logs', json, JSON.stringify(batch));
    }
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await statusOf(response)).code).toBe(14);
    away = false;
    await until(() => bench.server.events.length === before + taken, 40_000);
    expect(taken).toBeGreaterThan(20);
  }, 60_000);
});

import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InterruptedError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { retrying } from '../../src/upload/retry-policy.ts';
import { type Fault, sendProblem } from '../support/protocol-server.ts';
import { type UploadBench, uploadBench } from '../support/upload-bench.ts';

let bench: UploadBench;

beforeEach(async () => {
  bench = await uploadBench({}, { rows: 2_000 });
});

afterEach(async () => {
  await bench.close();
});

/** A fault of the first `times` requests to a path. */
function onPath(path: string, times: number, fault: Fault): { count: number } {
  const seen = { count: 0 };
  bench.server.faults.push((request, response) => {
    if (request.url?.startsWith(path) !== true) return false;
    seen.count += 1;
    return seen.count <= times ? fault(request, response) : false;
  });
  return seen;
}

describe('faults that pass', () => {
  test('429 with Retry-After and 503 twice: the upload is repeated under one idempotency key', async () => {
    onPath('/api/v1/server-info', 1, (_request, response) => {
      sendProblem(response, new RejectedError('rate-limited'), { 'retry-after': '0' });
      return true;
    });
    const posts = onPath('/api/v1/process', 2, (request, response) => {
      request.resume();
      request.on('end', () => sendProblem(response, new UnavailableError('server-busy')));
      return true;
    });
    const run = await bench.upload();
    expect(run.error).toBeUndefined();
    expect(posts.count).toBe(3);
    expect(run.stderr.match(/trying again/g)).toHaveLength(3);
    expect(bench.server.batches).toHaveLength(1);
  });

  test('the connection is reset in the middle of the body', async () => {
    const posts = onPath('/api/v1/process', 2, (request) => {
      request.once('data', () => request.socket.resetAndDestroy());
      return true;
    });
    const run = await bench.upload(['--compression', 'none']);
    expect(run.error).toBeUndefined();
    expect(posts.count).toBe(3);
    expect(bench.server.batches[0]?.records).toHaveLength(2_000);
  });

  test('the answer is lost after the server took the batch: the repetition gives the same batch', async () => {
    let lost = 0;
    bench.server.faults.push((request, response) => {
      if (request.url === '/api/v1/process' && lost === 0) {
        lost += 1;
        response.writeHead = () => {
          request.socket.resetAndDestroy();
          return response;
        };
      }
      return false;
    });
    const run = await bench.upload();
    expect(run.error).toBeUndefined();
    expect(lost).toBe(1);
    expect(bench.server.batches).toHaveLength(1);
    expect(run.json['batch_id']).toBe(bench.server.batches[0]?.batch.batch_id);
  });
});

describe('faults that do not pass', () => {
  const noReceipt = () => readdirSync(bench.folder).every((name) => !name.includes('receipt'));

  test('a server that stays busy, and one that is not there', async () => {
    onPath('/api/v1/process', 99, (request, response) => {
      request.resume();
      request.on('end', () => sendProblem(response, new UnavailableError('server-busy')));
      return true;
    });
    expect((await bench.upload()).error?.code).toBe('server-busy');
    const absent = await bench.upload(['--server-url', 'http://127.0.0.1:9']);
    expect(absent.error?.code).toBe('server-unreachable');
    expect(noReceipt()).toBe(true);
  });

  test('a Retry-After beyond all patience ends the command', async () => {
    onPath('/api/v1/server-info', 99, (_request, response) => {
      sendProblem(response, new UnavailableError('server-busy'), { 'retry-after': '86400' });
      return true;
    });
    const run = await bench.upload();
    expect(run.error).toMatchObject({ code: 'server-busy', details: { retryAfterSeconds: 86_400 } });
  });

  test('a redirect is not followed, so the key goes to nobody else', async () => {
    const visits: unknown[] = [];
    const elsewhere = createServer((request, response) => {
      visits.push(request.headers);
      response.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    onPath('/api/v1/server-info', 1, (_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${port}/api/v1/server-info` }).end();
      return true;
    });
    const run = await bench.upload();
    expect(run.error).toMatchObject({ code: 'server-response-invalid', details: { status: 302 } });
    expect(visits).toEqual([]);
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  const answers: readonly [string, string][] = [
    [
      'a field too many',
      '{"batch_id":"7d9f5d1c-93a5-4c4e-8a43-0f5a5d1f3a10","accepted_records":2000,"status":"RECEIVED","x":1}',
    ],
    [
      'another number of records',
      '{"batch_id":"7d9f5d1c-93a5-4c4e-8a43-0f5a5d1f3a10","accepted_records":1999,"status":"RECEIVED"}',
    ],
    ['a path as the batch id', '{"batch_id":"../../etc","accepted_records":2000,"status":"RECEIVED"}'],
    ['no JSON', '<html>'],
    ['five megabytes', `"${'x'.repeat(5_000_000)}"`],
  ];
  test.each(answers)('an answer with %s', async (_name, body) => {
    onPath('/api/v1/process', 99, (request, response) => {
      request.resume();
      request.on('end', () => response.end(body));
      return true;
    });
    const run = await bench.upload();
    expect(run.error?.code).toBe('server-response-invalid');
    expect(noReceipt()).toBe(true);
  });

  test('problem details are shown with code, remedy, findings and request id, control characters as escapes', async () => {
    onPath('/api/v1/process', 99, (request, response) => {
      request.resume();
      request.on('end', () => {
        const problem = {
          type: 'urn:sdp:error:raw-pii-found',
          title: 'found \u001b[31msomething',
          status: 422,
          code: 'raw-pii-found',
          remedy: 'tokenize it',
          request_id: 'req-77',
          findings: [{ message: 'phone', field: 'note', row: 3 }],
        };
        response.writeHead(422, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
      });
      return true;
    });
    const run = await bench.upload(['--quiet']);
    expect(run.error).toMatchObject({ code: 'raw-pii-found', remedy: 'tokenize it', details: { requestId: 'req-77' } });
    expect(run.error?.details.findings).toEqual([{ message: 'phone', field: 'note', row: 3 }]);
    expect(run.stdout + run.stderr).not.toContain('\u001b');
  });

  test('a server cannot make the client blame its own machine', async () => {
    onPath('/api/v1/server-info', 1, (_request, response) => {
      const problem = { type: 'x', title: 'x', status: 400, code: 'vault-tampered', request_id: 'r' };
      response.writeHead(400, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
      return true;
    });
    expect((await bench.upload()).error?.code).toBe('request-invalid');
  });
});

test('a wait is as long as Retry-After asks, and an abort ends it at once', async () => {
  const delays: number[] = [];
  const stop = new AbortController();
  const busy = () => Promise.reject(new UnavailableError('server-busy', { details: { retryAfterSeconds: 3_600 } }));
  const run = retrying(busy, {
    options: { maxRetries: 5, initialDelayMs: 0, maxDelayMs: 0, maxRetryAfterSeconds: 3_600 },
    signal: stop.signal,
    onRetry: (_error, delayMs) => {
      delays.push(delayMs);
      stop.abort(new InterruptedError('interrupted'));
    },
  });
  await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  expect(delays).toEqual([3_600_000]);
});

test('the API key stands in one header of requests to the server, and nowhere else', async () => {
  const secret = 'sdp_live_SECRETSECRETSECRET';
  const own = await uploadBench({ apiKey: secret });
  try {
    const uploaded = await own.upload(['--wait']);
    const merged = await own.integrate(String(uploaded.json['batch_id']));
    own.server.faults.push((_request, response) => {
      sendProblem(response, new RejectedError('unauthorized'));
      return true;
    });
    const failed = await own.upload();
    expect(failed.error?.code).toBe('unauthorized');
    for (const run of [uploaded, merged, failed]) expect(run.stdout + run.stderr).not.toContain('SECRET');
    expect(JSON.stringify(failed.error) + String(failed.error?.stack)).not.toContain('SECRET');
    for (const name of readdirSync(own.folder))
      expect(readFileSync(`${own.folder}/${name}`).includes('SECRET')).toBe(false);
    const seen = own.server.requests.map(({ headers, ...request }) => {
      expect(headers['x-api-key']).toBe(secret);
      return JSON.stringify({ ...request, headers: { ...headers, 'x-api-key': '' } });
    });
    expect(seen.join('')).not.toContain('SECRET');
  } finally {
    await own.close();
  }
});

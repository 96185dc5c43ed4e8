import { chmodSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventBench, eventBench, freePort, until } from '../support/event-bench.ts';
import { runSdp } from '../support/run-program.ts';
import { hasOpenssl, selfSigned } from '../support/self-signed.ts';

const token = 'token-of-the-gateway-0123456789abcdef';

describe.skipIf(!hasOpenssl())('who reaches the gateway', () => {
  let bench: EventBench;
  beforeEach(async () => {
    bench = await eventBench();
  });
  afterEach(async () => {
    await bench.close();
  });

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, signal?: AbortSignal) =>
    runSdp(['gateway', ...args], { cwd: bench.folder, env: { ...bench.env, ...env }, ...(signal && { signal }) });
  const certificate = () => {
    const tls = selfSigned(bench.folder, 'IP:127.0.0.1');
    return { ...tls, flags: ['--tls-cert', 'tls.pem', '--tls-key', 'tls.key'] };
  };

  it.each([
    ['nothing', false, {}, /missing: --tls-cert and --tls-key, SDP_GATEWAY_TOKEN or SDP_GATEWAY_TOKEN_FILE/],
    ['a token alone', false, { SDP_GATEWAY_TOKEN: token }, /missing: --tls-cert and --tls-key\n/],
    ['TLS alone', true, {}, /missing: SDP_GATEWAY_TOKEN or SDP_GATEWAY_TOKEN_FILE\n/],
  ])('is nobody else with %s', async (_name, hasTls, env, message) => {
    const flags = hasTls ? certificate().flags : [];
    const { status, stderr } = await run(['--host', '0.0.0.0', '--port', '0', ...flags], env as Record<string, string>);
    expect(status).toBe(3);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('hint: ');
    expect(bench.spoolFiles()).toEqual([]);
  });

  it.each([
    ['a certificate without its key', ['--tls-cert', 'tls.pem'], {}, 2],
    ['a key without its certificate', ['--tls-key', 'tls.key'], {}, 2],
    ['a certificate that is none', ['--tls-cert', 'tls.key', '--tls-key', 'tls.key'], {}, 3],
    ['a certificate that is not there', ['--tls-cert', 'none.pem', '--tls-key', 'tls.key'], {}, 4],
    ['a short token', [], { SDP_GATEWAY_TOKEN: 'short' }, 3],
    ['a token that no header can hold', [], { SDP_GATEWAY_TOKEN: `${token} and more` }, 3],
    ['two tokens', [], { SDP_GATEWAY_TOKEN: token, SDP_GATEWAY_TOKEN_FILE: 'token' }, 3],
    ['a token file for everybody', [], { SDP_GATEWAY_TOKEN_FILE: 'open' }, 3],
  ])('is not decided by %s', async (_name, flags, env, expected) => {
    certificate();
    writeFileSync(join(bench.folder, 'open'), token);
    chmodSync(join(bench.folder, 'open'), 0o644);
    const { status, stderr } = await run(['--port', '0', ...flags], env as Record<string, string>);
    expect(status, stderr).toBe(expected);
    expect(stderr).not.toContain(token);
    expect(stderr).not.toContain('PRIVATE');
  });

  it('is asked for the token over TLS, before its body is read', async () => {
    const { cert, flags } = certificate();
    writeFileSync(join(bench.folder, 'token'), `${token}\n`, { mode: 0o600 });
    const port = await freePort();
    const stop = new AbortController();
    const done = run(
      ['--host', '0.0.0.0', '--port', String(port), ...flags],
      { SDP_GATEWAY_TOKEN_FILE: 'token' },
      stop.signal,
    );
    const body = JSON.stringify({
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }],
    });
    const post = (authorization?: string) =>
      new Promise<{ status: number | undefined; asks: string | undefined; text: string }>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
        httpsRequest(`https://127.0.0.1:${port}/v1/logs`, { method: 'POST', headers, ca: cert }, (response) => {
          const chunks: Buffer[] = [];
          response
            .on('data', (chunk: Buffer) => chunks.push(chunk))
            .on('end', () =>
              resolve({
                status: response.statusCode,
                asks: response.headers['www-authenticate'],
                text: Buffer.concat(chunks).toString('utf8'),
              }),
            );
        })
          .on('error', reject)
          .end(body);
      });
    await until(() =>
      post().then(
        () => true,
        () => false,
      ),
    );
    for (const wrong of [undefined, 'Bearer', `Bearer ${token}x`, `Basic ${token}`, token]) {
      const { status, asks, text } = await post(wrong);
      expect(status).toBe(401);
      expect(asks).toBe('Bearer');
      expect(JSON.parse(text)).toMatchObject({ code: 16 });
    }
    expect(await post(`Bearer ${token}`)).toMatchObject({ status: 200, text: '{}' });
    await until(() => bench.server.events.length === 1);
    await expect(fetch(`http://127.0.0.1:${port}/v1/logs`, { method: 'POST' })).rejects.toThrow();
    stop.abort();
    const { status, stderr } = await done;
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`receiving OTLP at https://0.0.0.0:${port}`);
    expect(stderr).not.toContain(token);
  });
});

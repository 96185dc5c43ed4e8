import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchStatusCommand } from '../../src/commands/batch-status.ts';
import { parseRetryAfter } from '../../src/upload/api-client.ts';
import { isSameServer, parseServerUrl, serverUrlText } from '../../src/upload/server-url.ts';
import { ProtocolServer } from '../support/protocol-server.ts';
import { runCommand, temporaryFolder } from '../support/run-command.ts';
import { hasOpenssl, selfSigned } from '../support/self-signed.ts';
import { quickRetry } from '../support/upload-bench.ts';

describe('addresses', () => {
  test('https anywhere, http to this machine', () => {
    for (const url of [
      'https://sdp.example.com',
      'http://127.0.0.1:8081',
      'http://127.8.9.1',
      'http://[::1]:8081',
      'http://localhost',
    ]) {
      expect(parseServerUrl(url)).toBeInstanceOf(URL);
    }
    for (const url of [
      'http://sdp.example.com',
      'http://localhost.example.com',
      'http://[::ffff:7f00:1]',
      'http://0.0.0.0',
      'http://128.0.0.1',
    ]) {
      expect(() => parseServerUrl(url)).toThrow(expect.objectContaining({ code: 'transport-insecure' }));
    }
    for (const url of [
      'ftp://127.0.0.1',
      'sdp.example.com',
      '',
      'https://a:b@example.com',
      'https://example.com/?x=1',
    ]) {
      expect(() => parseServerUrl(url)).toThrow(expect.objectContaining({ code: 'usage-invalid' }));
    }
  });

  test('are the same however they are written', () => {
    expect(serverUrlText(parseServerUrl('https://SDP.example.com:443/base//'))).toBe('https://sdp.example.com/base');
    expect(isSameServer('http://localhost:8081', 'http://127.0.0.1:8081')).toBe(true);
    expect(isSameServer('http://localhost:8081', 'http://127.0.0.1:8082')).toBe(false);
    expect(isSameServer('https://a.example', 'https://b.example')).toBe(false);
  });
});

test('Retry-After is read as seconds and as a date', () => {
  expect(parseRetryAfter('120')).toBe(120);
  expect(parseRetryAfter('Wed, 21 Oct 2026 07:28:10 GMT', Date.UTC(2026, 9, 21, 7, 28, 0))).toBe(10);
  expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
  for (const nonsense of ['soon', '', '-1', undefined]) expect(parseRetryAfter(nonsense) ?? 0).toBe(0);
});

describe.skipIf(!hasOpenssl())('TLS (needs openssl to make certificates)', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: ProtocolServer;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await server.close();
    folder.remove();
  });

  const ask = (ca?: string, env = {}) =>
    runCommand(
      (context) => batchStatusCommand(context, quickRetry),
      [
        '--batch-id',
        '7d9f5d1c-93a5-4c4e-8a43-0f5a5d1f3a10',
        '--server-url',
        server.url,
        ...(ca === undefined ? [] : ['--ca', ca]),
      ],
      { env: { SDP_API_KEY: server.apiKey, ...env } },
    );

  test('a given authority is trusted, an unknown one is not, whatever the environment says', async () => {
    const tls = selfSigned(folder.path, 'IP:127.0.0.1');
    server = await ProtocolServer.start({ tls });
    // The server answers: it does not know the batch.
    expect((await ask(tls.path)).error?.code).toBe('not-found');
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect((await ask()).error?.message).toContain('certificate was not accepted');
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
    expect(server.requests).toHaveLength(1);
  });

  test('a certificate for another name is not accepted', async () => {
    const tls = selfSigned(folder.path, 'DNS:other.example.com');
    server = await ProtocolServer.start({ tls });
    expect((await ask(tls.path)).error?.message).toContain('certificate was not accepted');
    expect(server.requests).toHaveLength(0);
  });

  test('--ca must name a certificate', async () => {
    const tls = selfSigned(folder.path, 'IP:127.0.0.1');
    server = await ProtocolServer.start({ tls });
    expect((await ask(`${folder.path}/tls.key`)).error?.code).toBe('usage-invalid');
    expect((await ask(`${folder.path}/none.pem`)).error?.code).toBe('file-not-found');
  });
});

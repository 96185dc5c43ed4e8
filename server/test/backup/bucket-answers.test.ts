import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openBackupStore } from '../../src/backup/index.ts';

/** Speaks as much of S3 as the backup uses, and answers as badly as a test wants. */
const objects = new Map<string, Buffer>();
const tokens: unknown[] = [];
const sessions: string[] = [];
/** In place of an answer; undefined: as it should. */
let answer: (request: IncomingMessage) => readonly [status: number, code: string] | 'cut' | undefined;
let servers: Server[] = [];
let endpoint = '';
let stsEndpoint = '';

beforeEach(async () => {
  objects.clear();
  tokens.length = 0;
  sessions.length = 0;
  answer = () => undefined;
  servers = [createServer(bucket), createServer(roles)];
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  [endpoint, stsEndpoint] = servers.map((each) => `http://127.0.0.1:${(each.address() as AddressInfo).port}`) as [
    string,
    string,
  ];
});
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
});

function bucket(request: IncomingMessage, response: ServerResponse): void {
  tokens.push(request.headers['x-amz-security-token']);
  const given = answer(request);
  if (given === 'cut') {
    // In the middle of what is sent.
    request.once('data', () => request.socket.resetAndDestroy());
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const name = new URL(request.url ?? '', endpoint).pathname;
    if (given !== undefined) {
      const [status, code] = given;
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>of a-secret</Message></Error>`);
      return;
    }
    if (request.method === 'PUT') objects.set(name, Buffer.concat(chunks));
    const bytes = objects.get(name) ?? Buffer.alloc(0);
    const sum = createHash('sha256').update(bytes).digest('base64');
    response.setHeader('x-amz-checksum-sha256', sum);
    if (request.method === 'HEAD') response.setHeader('content-length', bytes.length);
    response.end();
  });
}

function roles(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => {
    sessions.push(`session-${sessions.length + 1}`);
    response.setHeader('content-type', 'text/xml');
    response.end(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
      <AccessKeyId>key</AccessKeyId><SecretAccessKey>a-secret</SecretAccessKey><SessionToken>${sessions.at(-1)}</SessionToken>
      <Expiration>${new Date(Date.now() + lifetimeMs).toISOString()}</Expiration>
      </Credentials></AssumeRoleResult></AssumeRoleResponse>`);
  });
}
let lifetimeMs = 3_600_000;

const open = (roleArn?: string) =>
  openBackupStore({
    s3: {
      ...{ bucket: 'kept', prefix: '', region: 'eu-central-1', endpoint },
      credentials: { accessKeyId: 'a-person', secretAccessKey: 'a-secret' },
      ...(roleArn !== undefined && { roleArn, stsEndpoint }),
    },
  });
const role = 'arn:aws:iam::123456789012:role/keeps-messages';
const bytes = Buffer.alloc(300_000, 7);
const sum = createHash('sha256').update(bytes).digest();

it('that it has too much to do is waited for a little, then told by its name alone as what may pass', async () => {
  const store = await open();
  let refusals = 2;
  answer = () => (refusals-- > 0 ? [503, 'SlowDown'] : undefined);
  await store.put('one', bytes, sum);
  refusals = Number.POSITIVE_INFINITY;
  const failure = await store.put('two', bytes, sum).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'backup-unavailable', retryable: true });
  expect(String(failure)).toContain('SlowDown');
  expect(String(failure)).not.toContain('a-secret');
  await store.close();
});

it('that never came, as the connection was cut in the middle, is asked for again; half an object is none', async () => {
  const store = await open();
  let cuts = 1;
  answer = ({ method }) => (method === 'PUT' && cuts-- > 0 ? 'cut' : undefined);
  await store.put('one', bytes, sum);
  expect(objects.get('/kept/one')?.equals(bytes)).toBe(true);
  cuts = Number.POSITIVE_INFINITY;
  await expect(store.put('two', bytes, sum)).rejects.toMatchObject({ code: 'backup-unavailable' });
  expect(objects.has('/kept/two')).toBe(false);
  await store.close();
});

it('that a session of a role is over begins another one, before its time too', async () => {
  const store = await open(role);
  await store.put('one', bytes, sum);
  expect(new Set(tokens)).toEqual(new Set(['session-1']));
  // Revoked, or over by the clock of the service.
  answer = ({ headers }) => (headers['x-amz-security-token'] === 'session-1' ? [400, 'ExpiredToken'] : undefined);
  await store.put('two', bytes, sum);
  expect(objects.get('/kept/two')?.equals(bytes)).toBe(true);
  expect(sessions).toEqual(['session-1', 'session-2']);
  // One that is refused at once is no reason to ask for ever.
  answer = () => [400, 'ExpiredToken'];
  await expect(store.put('three', bytes, sum)).rejects.toMatchObject({ code: 'backup-unavailable' });
  expect(sessions).toHaveLength(3);
  await store.close();
});

it('that a session ends soon begins another one before it does', async () => {
  lifetimeMs = 1_000;
  const store = await open(role);
  await store.put('one', bytes, sum);
  await store.put('two', bytes, sum);
  expect(sessions.length).toBeGreaterThan(1);
  expect(tokens.at(-1)).toBe(sessions.at(-1));
  await store.close();
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { findS3Server, type S3Server } from '../../../test/support/s3-server.ts';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { openBackupStore } from '../../src/backup/index.ts';
import { eventually } from '../bus/eventually.ts';
import {
  type BackupSite,
  keptIn,
  openSite,
  range,
  type SiteParts,
  sealed,
  startBackupOf,
  verifySite,
} from './backup-site.ts';
import { keptMessages } from './kept-messages.ts';
import { type BucketPlace, makeBucket } from './make-bucket.ts';

/** How long the bucket is away; a minute or more by hand. */
const outageMs = Number(process.env['SDP_TEST_OUTAGE_SECONDS'] ?? '1') * 1_000;
const found = findS3Server();

describe.skipIf('missing' in found)('a bucket', () => {
  if ('missing' in found) return;
  let s3: S3Server;
  let database: TestDatabase;
  let bucket: BucketPlace;
  let proxy: TcpProxy;
  let parts: SiteParts;
  let site: BackupSite;

  beforeAll(async () => {
    database = await startTestDatabase();
    s3 = await found.start();
    bucket = await makeBucket(s3);
    proxy = await startTcpProxy({ port: s3.port });
    const { dsn } = database;
    const place = { s3: { ...bucket, endpoint: `http://127.0.0.1:${proxy.port}`, prefix: 'outage/of it' } };
    const masterKey = generateMasterKeyText();
    site = { address: { kind: 'embedded', dsn }, dsn, masterKey, place, topics: ['logs'], maxMessages: 50 };
    parts = openSite(site);
    await parts.bus.ensureTopic('logs', 3);
  });
  afterAll(async () => {
    await parts?.close();
    await proxy?.close();
    await database?.stop();
    await s3?.stop();
  });
  const send = async (from: number, to: number) =>
    parts.bus.publish('logs', await sealed(parts.security, 'logs', range(from, to)));

  it('that is away for a while costs no message, and the backup says so', {
    timeout: 60_000 + 2 * outageMs,
  }, async () => {
    const backup = await startBackupOf(site, parts);
    await send(0, 200);
    await eventually('the first are kept', async () => keptIn(await verifySite(site, parts.pool)) === 200);
    expect(backup.outage()).toBeUndefined();
    proxy.cut();
    await send(200, 600);
    await eventually('the outage is noticed', () => (backup.outage()?.attempts ?? 0) > 1);
    await sleep(outageMs);
    const lag = (await parts.bus.lag('logs', 'sdp-backup')).reduce((sum, each) => sum + Number(each.lag), 0);
    expect(lag).toBe(400);
    const metrics = await backup.registry.metrics();
    expect(Number(/sdp_backup_failures_total\{topic="logs"\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(1);
    const warning = backup.log.find((line) => line.includes('the backup cannot be written'));
    expect(JSON.parse(warning ?? '{}')).toMatchObject({ level: 40, code: 'backup-unavailable', topic: 'logs' });
    expect(backup.log.join('')).not.toContain(bucket.credentials?.secretAccessKey);
    expect(backup.log.join('')).not.toContain(bucket.credentials?.accessKeyId);
    proxy.restore();
    for (const deadline = Date.now() + 40_000; backup.outage() !== undefined && Date.now() < deadline; )
      await sleep(50);
    await eventually('the others are kept', async () => keptIn(await verifySite(site, parts.pool)) === 600);
    await backup.close(5_000);
    expect((await verifySite(site, parts.pool)).findings).toEqual([]);
    const numbers = (await keptMessages(site, parts.pool)).map(({ number }) => number);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(range(0, 600));
  });

  it('is reached in a role that is taken on with other credentials', async () => {
    const role = 'arn:aws:iam::123456789012:role/keeps-messages';
    const asked: { authorization: string; body: string }[] = [];
    // Stands in for Amazon's service that gives roles; the server of the bucket has none, and takes no token of a session.
    let token = '';
    const sts = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes) => {
        body += String(bytes);
      });
      request.on('end', () => {
        asked.push({ authorization: request.headers.authorization ?? '', body });
        response.setHeader('content-type', 'text/xml');
        response.end(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
          <Credentials><AccessKeyId>${s3.accessKeyId}</AccessKeyId><SecretAccessKey>${s3.secretAccessKey}</SecretAccessKey>
          ${token}<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>
          </Credentials></AssumeRoleResult></AssumeRoleResponse>`);
      });
    });
    await new Promise<void>((resolve) => sts.listen(0, '127.0.0.1', resolve));
    const stsEndpoint = `http://127.0.0.1:${(sts.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: 'a-person', secretAccessKey: 'a-secret-of-a-person' };
    const store = await openBackupStore({ s3: { ...bucket, prefix: 'role', credentials, roleArn: role, stsEndpoint } });
    try {
      await store.put('one', Buffer.from('two'), await sha256('two'));
      expect(String(await store.get('one'))).toBe('two');
    } finally {
      await store.close();
    }
    expect(asked.length).toBe(1);
    token = '<SessionToken>a-session</SessionToken>';
    const tokens: unknown[] = [];
    const recorder = createServer((request, response) => {
      tokens.push(request.headers['x-amz-security-token']);
      response.writeHead(403).end();
    });
    await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
    const inRole = await openBackupStore({ s3: { ...bucket, endpoint, credentials, roleArn: role, stsEndpoint } });
    await expect(inRole.check()).rejects.toMatchObject({ code: 'backup-unavailable' });
    expect(tokens).toEqual(['a-session']);
    await inRole.close();
    recorder.close();
    expect(asked[0]?.authorization).toContain('Credential=a-person/');
    expect(new URLSearchParams(asked[0]?.body).get('RoleArn')).toBe(role);
    const without = await openBackupStore({ s3: { ...bucket, credentials } });
    await expect(without.check()).rejects.toMatchObject({ code: 'backup-unavailable' });
    await without.close();
    sts.close();
  });

  it('that has something else than what was sent is not taken for a safe place', async () => {
    const store = await openBackupStore({ s3: bucket });
    await expect(store.put('wrong', Buffer.from('one'), await sha256('two'))).rejects.toMatchObject({
      code: 'backup-unavailable',
    });
    expect(await store.get('wrong')).toBeUndefined();
    await store.close();
  });
});

async function sha256(text: string): Promise<Buffer> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text)));
}

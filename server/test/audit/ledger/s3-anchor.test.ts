import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ledgerKeyOf, s3Anchor } from '../../../src/audit/index.ts';
import { secretAccessKey, startFakeS3 } from './fake-s3.ts';

const key = ledgerKeyOf(parseMasterKey(generateMasterKeyText()));
const headOver = (size: number) =>
  key.sign({ size, root: 'ab'.repeat(32), chain: 'cd'.repeat(32), signedAt: '2026-01-01T00:00:00.000Z' });

let s3: Awaited<ReturnType<typeof startFakeS3>>;
beforeEach(async () => {
  s3 = await startFakeS3();
});
afterEach(() => s3.stop());

const anchorAt = (prefix: string, secret = secretAccessKey) =>
  s3Anchor({
    bucket: 'bucket',
    prefix,
    region: 'eu-central-1',
    endpoint: s3.endpoint,
    accessKeyId: 'AK',
    secretAccessKey: secret,
  });

it('keeps heads, gives the newest first and all in order', async () => {
  const anchor = anchorAt('audit/prod');
  expect(await anchor.last()).toBeUndefined();
  for (const size of [5, 90, 1_000]) await anchor.append(headOver(size));
  await anchorAt('audit/other').append(headOver(7));
  expect(await anchor.last()).toEqual(headOver(1_000));
  expect((await anchor.readAll()).heads.map(({ size }) => size)).toEqual([5, 90, 1_000]);
  expect([...s3.objects.keys()].every((name) => name.startsWith('audit/'))).toBe(true);
});

it('writes over nothing, and takes a head that is there for done', async () => {
  const anchor = anchorAt('');
  await anchor.append(headOver(5));
  const before = [...s3.objects];
  await anchor.append({ ...headOver(5), signedAt: '2027-01-01T00:00:00.000Z' });
  expect([...s3.objects]).toEqual(before);
});

it('tells of objects that are no heads', async () => {
  const anchor = anchorAt('');
  await anchor.append(headOver(5));
  for (const name of s3.objects.keys()) s3.objects.set(name, 'not a head');
  expect(await anchor.readAll()).toEqual({ heads: [], unreadable: 1 });
});

it('says so when it is refused or out of reach', async () => {
  await expect(anchorAt('', 'another secret').append(headOver(5))).rejects.toMatchObject({
    code: 'anchor-unavailable',
  });
  s3.setDown(true);
  await expect(anchorAt('').last()).rejects.toMatchObject({ code: 'anchor-unavailable' });
});

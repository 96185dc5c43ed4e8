import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import type { BackupReport } from '../../src/backup/index.ts';
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
import { restoreSite } from './restore-site.ts';

const topic = 'logs';
const perObject = 20;
const objects = 6;

describe('whoever changes a backup', () => {
  let database: TestDatabase;
  let site: BackupSite;
  let parts: SiteParts;
  let home: string;
  let files: ReadonlyMap<string, Buffer>;
  /** Names of objects and of manifest entries, in their order. */
  let kept: readonly string[];
  let entries: readonly string[];

  beforeAll(async () => {
    database = await startTestDatabase();
    home = mkdtempSync(join(tmpdir(), 'sdp-test-backup-'));
    const { dsn } = database;
    const place = { directory: home };
    site = {
      address: { kind: 'embedded', dsn },
      dsn,
      masterKey: generateMasterKeyText(),
      place,
      topics: [topic],
      maxMessages: perObject,
    };
    parts = openSite(site);
    await parts.bus.ensureTopic(topic, 1);
    await parts.bus.publish(topic, await sealed(parts.security, topic, range(0, perObject * objects)));
    const backup = await startBackupOf(site, parts);
    await eventually('all is kept', async () => keptIn(await verifySite(site, parts.pool)) === perObject * objects);
    await backup.close(5_000);
    files = readAll();
    const names = [...files.keys()].toSorted();
    kept = names.filter((name) => name.endsWith('.sealed')).toSorted((a, b) => firstOf(a) - firstOf(b));
    entries = names.filter((name) => name.startsWith('manifests/'));
    expect([kept.length, entries.length]).toEqual([objects, objects]);
  });
  beforeEach(() => {
    rmSync(home, { recursive: true, force: true });
    for (const [name, bytes] of files) write(name, bytes);
  });
  afterAll(async () => {
    await parts?.close();
    await database?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const firstOf = (name: string) => Number(/-0-(\d+)-\d+-g1/.exec(name)?.[1]);
  const readAll = () =>
    new Map(
      readdirSync(home, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(home.length + 1), readFileSync(path)] as const),
    );
  const write = (name: string, bytes: Uint8Array) => {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), bytes);
  };
  const read = (name = '') => Buffer.from(files.get(name) ?? '');
  const flip = (name: string, at: number) => {
    const bytes = read(name);
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] ?? 0) ^ 4;
    write(name, bytes);
  };
  const remove = (name = '') => rmSync(join(home, name));
  const verify = (): Promise<BackupReport> => verifySite(site, parts.pool);
  const found = async () =>
    (await verify()).findings.map(({ kind, firstOffset, nextOffset }) => [
      kind,
      Number(firstOffset),
      Number(nextOffset),
    ]);
  const kinds = async () => (await verify()).findings.map(({ kind }) => kind);
  const third = [2 * perObject, 3 * perObject];

  it('is not accused while nothing is changed', async () => {
    expect(await found()).toEqual([]);
  });

  it.each([
    ['magic', 0],
    ['version', 4],
    ['key id', 10],
    ['salt', 50],
    ['content', 80],
    ['last tag', -1],
  ] as const)('is found out by a bit of an object: %s', async (_, at) => {
    flip(kept[2] ?? '', at);
    expect(await found()).toEqual([['object-changed', ...third]]);
  });

  it('is found out by an object that is cut, lengthened, emptied or gone', async () => {
    const [name = ''] = kept.slice(2);
    write(name, read(name).subarray(0, -1));
    expect(await found()).toEqual([['object-cut', ...third]]);
    write(name, Buffer.concat([read(name), Buffer.alloc(1)]));
    expect(await found()).toEqual([['object-cut', ...third]]);
    write(name, Buffer.alloc(0));
    expect(await found()).toEqual([['object-cut', ...third]]);
    remove(name);
    expect(await found()).toEqual([['object-missing', ...third]]);
  });

  it('is found out by objects that were swapped', async () => {
    const [one = '', other = ''] = kept.slice(1, 3);
    write(one, read(other));
    write(other, read(one));
    const report = await verify();
    expect(report.findings.map(({ name }) => name)).toEqual([one, other]);
  });

  it('is found out by a letter of an entry, wherever it stands', async () => {
    const [name = ''] = entries.slice(2);
    const { length } = read(name);
    for (const at of [0, 15, Math.floor(length / 2), length - 10, -2]) {
      flip(name, at);
      expect(await kinds(), String(at)).toEqual(['entry-changed', 'entry-missing']);
    }
  });

  it.each([
    ['first', 0, [['entry-missing', Number.NaN, perObject]]],
    ['third', 2, [['entry-missing', ...third]]],
    ['last', objects - 1, [['entry-missing', (objects - 1) * perObject, objects * perObject]]],
  ])('is found out by an entry and its object that are gone together: %s', async (_, i, expected) => {
    remove(kept[i]);
    remove(entries[i]);
    expect(await found()).toEqual(expected);
  });

  it('is found out when all of a partition is gone', async () => {
    for (const name of [...kept, ...entries]) remove(name);
    expect(await kinds()).toEqual(['entry-missing']);
  });

  it('is found out by an entry in the place of another', async () => {
    write(entries[2] ?? '', read(entries[1]));
    expect(await kinds()).toEqual(['entry-changed', 'entry-missing']);
  });

  it('is not blamed for a key that is another server’s', async () => {
    const masterKey = generateMasterKeyText();
    await expect(verifySite({ ...site, masterKey }, parts.pool)).rejects.toMatchObject({ code: 'backup-key-unknown' });
  });

  it('is let alone when old days are removed, from a day on that is still asked for', async () => {
    const at = JSON.parse(read(entries[2]).toString('utf8')) as { first_at: string; last_at: string };
    for (const name of [...kept.slice(0, 2), ...entries.slice(0, 2)]) remove(name);
    expect(await kinds()).toEqual(['entry-missing']);
    // Just behind what was removed: all came within a moment.
    const since = new Date(new Date(at.last_at).getTime() + 1);
    expect((await verifySite(site, parts.pool, { since })).findings).toEqual([]);
  });

  it('keeps a restore from going on as if nothing were missing', async () => {
    await parts.bus.ensureTopic('logs.restored', 1);
    const asked = { topic, into: 'logs.restored' };
    flip(kept[3] ?? '', 100);
    await expect(restoreSite(site, parts, { ...asked, isDryRun: true })).rejects.toMatchObject({
      code: 'backup-tampered',
    });
    const report = await restoreSite(site, parts, { ...asked, isDryRun: true, isIncomplete: true });
    expect([report.missing, report.partitions[0]?.sent]).toEqual([1, (objects - 1) * perObject]);
    remove(entries[4]);
    await expect(restoreSite(site, parts, { ...asked, isDryRun: true })).rejects.toMatchObject({
      code: 'backup-tampered',
    });
  });
});

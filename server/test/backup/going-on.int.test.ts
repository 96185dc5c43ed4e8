import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
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

const topic = 'logs';

describe('a backup goes on', () => {
  let databases: TestDatabase[] = [];
  let homes: string[] = [];
  let site: BackupSite;
  let parts: SiteParts;
  let opened: SiteParts[] = [];

  const openOn = async (site_: Omit<BackupSite, 'address' | 'dsn'>) => {
    const database = await startTestDatabase();
    databases.push(database);
    const { dsn } = database;
    site = { ...site_, dsn, address: { kind: 'embedded', dsn } };
    parts = openSite(site);
    opened.push(parts);
    await parts.bus.ensureTopic(topic, 1);
  };
  beforeAll(() => {
    databases = [];
    homes = [];
    opened = [];
  });
  beforeEach(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sdp-test-backup-'));
    homes.push(directory);
    await openOn({ masterKey: generateMasterKeyText(), place: { directory }, topics: [topic], maxMessages: 20 });
  });
  afterAll(async () => {
    for (const each of opened) await each.close();
    for (const database of databases) await database.stop();
    for (const home of homes) rmSync(home, { recursive: true, force: true });
  });
  const send = async (from: number, to: number) =>
    parts.bus.publish(topic, await sealed(parts.security, topic, range(from, to)));
  /** Runs the backup until so many are kept and nothing waits. */
  const keep = async (count: number) => {
    const backup = await startBackupOf(site, parts);
    await eventually(`${count} are kept`, async () => keptIn(await verifySite(site, parts.pool)) >= count);
    const lag = async () => (await parts.bus.lag(topic, 'sdp-backup')).reduce((sum, each) => sum + Number(each.lag), 0);
    await eventually('nothing waits', async () => (await lag()) === 0);
    await backup.close(5_000);
    return backup;
  };
  const numbers = async () => (await keptMessages(site, parts.pool)).map(({ number }) => number);

  it.each([
    ['many objects', 100],
    ['one', 5],
  ])('after its database was lost, and another log begins: %s', async (_, count) => {
    await send(0, count);
    await keep(count);
    await openOn(site);
    await send(count, count + 30);
    await keep(count + 30);
    const report = await verifySite(site, parts.pool);
    expect(report.findings).toEqual([]);
    expect(report.partitions[0]?.generations).toBe(2);
    expect(await numbers()).toEqual(range(0, count + 30));
  });

  it('with all that comes again, when the offsets of its group are set back', async () => {
    await send(0, 100);
    await keep(100);
    await parts.bus.replayFrom(topic, 'sdp-backup', new Date(0));
    const { log } = await keep(200);
    const report = await verifySite(site, parts.pool);
    expect([report.findings, report.partitions[0]?.generations]).toEqual([[], 2]);
    expect(await numbers()).toEqual([...range(0, 100), ...range(0, 100)]);
    expect(log.some((line) => line.includes('the backup begins anew'))).toBe(true);
  });

  it('and says which messages the log no longer had', async () => {
    await send(0, 50);
    await keep(50);
    await send(50, 60);
    await parts.pool.query('UPDATE bus_offset SET next_offset = 57 WHERE group_name = $1', ['sdp-backup']);
    const { registry, log } = await keep(53);
    const { findings } = await verifySite(site, parts.pool);
    expect(findings).toEqual([{ topic, partition: 0, kind: 'messages-missing', firstOffset: 50n, nextOffset: 57n }]);
    expect(await registry.metrics()).toContain('sdp_backup_lost_messages_total{topic="logs"} 7');
    expect(log.some((line) => line.includes('the log no longer has'))).toBe(true);
    expect(await numbers()).toEqual([...range(0, 50), ...range(57, 60)]);
  });

  it('from the end of the manifest, when only the end of its chain was lost', async () => {
    await send(0, 50);
    await keep(50);
    await parts.pool.query('DELETE FROM backup_chain');
    await send(50, 90);
    await keep(90);
    const report = await verifySite(site, parts.pool);
    expect([report.findings, report.partitions[0]?.generations]).toEqual([[], 1]);
    expect(await numbers()).toEqual(range(0, 90));
  });
});

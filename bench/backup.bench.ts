import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import type { BackupPlace } from '../server/src/backup/index.ts';
import { applyMigrations, startEmbeddedPostgres } from '../server/src/database/index.ts';
import {
  type BackupSite,
  freshTopic,
  keptIn,
  openSite,
  range,
  sealed,
  startBackupOf,
  verifySite,
} from '../server/test/backup/backup-site.ts';
import { makeBucket } from '../server/test/backup/make-bucket.ts';
import type { BusAddress } from '../server/test/bus/bus-address.ts';
import { startTestKafka } from '../test/support/kafka.ts';
import { findS3Server } from '../test/support/s3-server.ts';
import { markdownTable } from './measure.ts';

const partitions = 6;
const kibibyte = 1_024;
const loads = [
  { bytes: kibibyte, share: 1 },
  { bytes: 64 * kibibyte, share: 1 / 16 },
];

/** Works off a backlog with the settings that the product has: how fast it gets safe, and how fast all of it is checked. */
export async function benchBackup({ messages }: { messages: number }): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'sdp-bench-backup-'));
  const postgres = await startEmbeddedPostgres({ dataDir: mkdtempSync(join(tmpdir(), 'sdp-bench-backup-db-')) });
  const kafka = await startTestKafka();
  const found = findS3Server();
  const s3 = 'missing' in found ? found : await found.start();
  const rows: string[][] = [];
  try {
    await applyMigrations(postgres.dsn);
    const places: [string, BackupPlace][] = [['directory', { directory: home }]];
    if (!('missing' in s3)) places.push(['bucket (versitygw)', { s3: { ...(await makeBucket(s3)), prefix: 'bench' } }]);
    const buses: BusAddress[] = [{ kind: 'embedded', dsn: postgres.dsn }];
    if (!('skipped' in kafka)) buses.push({ kind: 'kafka', brokers: kafka.brokers });
    for (const address of buses) {
      for (const [placeName, place] of places) {
        for (const { bytes, share } of loads) {
          const count = Math.round(messages * share);
          const figures = await workOff(address, postgres.dsn, place, count, bytes);
          rows.push([address.kind, placeName, `${bytes / kibibyte} KiB`, count.toLocaleString('en-US'), ...figures]);
        }
      }
    }
  } finally {
    await postgres.stop();
    if (!('missing' in s3)) await s3.stop();
    rmSync(home, { recursive: true, force: true });
  }
  const head = [
    'bus',
    'place',
    'message',
    'messages',
    'kept, messages/s',
    'MB/s',
    'objects',
    'verified, messages/s',
    'MB/s',
    'peak memory',
  ];
  return markdownTable(head, rows);
}

async function workOff(
  address: BusAddress,
  dsn: string,
  place: BackupPlace,
  count: number,
  bytes: number,
): Promise<string[]> {
  const topic = freshTopic();
  const site: BackupSite = {
    ...{ address, dsn, place, masterKey: generateMasterKeyText(), topics: [topic] },
    ...{ everyMs: 60_000, maxBytes: 8 * 1024 * 1024, maxMessages: 20_000 },
  };
  // A place of its own, so that nothing but this is verified.
  const own =
    'directory' in place ? { directory: join(place.directory, topic) } : { s3: { ...place.s3, prefix: topic } };
  const parts = openSite({ ...site, place: own });
  await parts.bus.ensureTopic(topic, partitions);
  for (let from = 0; from < count; from += 500) {
    const numbers = range(from, Math.min(from + 500, count));
    await parts.bus.publish(topic, await sealed(parts.security, topic, numbers, bytes));
  }
  // A backlog is one: its messages are older than what may wait.
  const late = { ...site, place: own, everyMs: 0 };
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 50);
  const began = performance.now();
  const backup = await startBackupOf(late, parts);
  const kept = /sdp_backup_messages_total\{[^}]*\} (\d+)/;
  while (Number(kept.exec(await backup.registry.metrics())?.[1]) < count) await sleep(20);
  const seconds = (performance.now() - began) / 1_000;
  await backup.close(10_000);
  clearInterval(watch);
  const checking = performance.now();
  const report = await verifySite(late, parts.pool);
  const checked = (performance.now() - checking) / 1_000;
  if (report.findings.length > 0 || keptIn(report) !== count) throw new Error('the backup is not what was sent');
  await parts.close();
  const objects = report.partitions.reduce((sum, each) => sum + each.objects, 0);
  const rate = (time: number) => Math.round(count / time).toLocaleString('en-US');
  const megabytes = (time: number) => ((count * bytes) / 1e6 / time).toFixed(0);
  return [
    rate(seconds),
    megabytes(seconds),
    String(objects),
    rate(checked),
    megabytes(checked),
    `${Math.round(peak / 1e6)} MB`,
  ];
}

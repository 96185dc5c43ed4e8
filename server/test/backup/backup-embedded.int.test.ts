import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { findS3Server } from '../../../test/support/s3-server.ts';
import { type BackupUnderTest, testBackup } from './backup-suite.ts';
import { makeBucket } from './make-bucket.ts';

const faults = [
  { put: 1, when: 'after' },
  { put: 7, when: 'before' },
] as const;

testBackup('a backup in a directory, of the embedded bus', { faults }, async (): Promise<BackupUnderTest> => {
  const database = await startTestDatabase();
  const home = mkdtempSync(join(tmpdir(), 'sdp-test-backup-'));
  return {
    ...{ address: { kind: 'embedded', dsn: database.dsn }, dsn: database.dsn },
    place: () => ({ directory: join(home, randomUUID()) }),
    stop: async () => {
      await database.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
});

const found = findS3Server();
if ('missing' in found) {
  describe('a backup in a bucket', () => {
    it.skip(`is tested on a real server: ${found.missing}`);
  });
} else {
  testBackup(
    'a backup in a bucket, of the embedded bus',
    { faults: [{ put: 2, when: 'after' }], isVariant: true },
    async () => {
      const database = await startTestDatabase();
      const s3 = await found.start();
      const bucket = await makeBucket(s3);
      return {
        ...{ address: { kind: 'embedded', dsn: database.dsn }, dsn: database.dsn },
        place: () => ({ s3: { ...bucket, prefix: randomUUID() } }),
        stop: async () => {
          await database.stop();
          await s3.stop();
        },
      };
    },
  );
}

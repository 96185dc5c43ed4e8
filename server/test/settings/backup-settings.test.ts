import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/settings/index.ts';

const backupOf = (environment: Record<string, string>) => loadSettings(environment).settings.backup;
const fieldsOf = (environment: Record<string, string>): readonly (string | undefined)[] => {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(JSON.stringify(error)).not.toContain('a-secret');
    return (error as ConfigError).details.findings?.map(({ field }) => field) ?? [];
  }
};

describe('settings of the backup', () => {
  it('are those of nothing, of a directory, or of a bucket', () => {
    expect(backupOf({ PREFIX: '/usr' })).toMatchObject({
      place: undefined,
      topics: ['logs', 'metrics', 'transactions'],
      everyMs: 60_000,
    });
    expect(backupOf({ SDP_BACKUP_DIR: 'kept', SDP_BACKUP_TOPICS: 'logs, transaction.ingest,logs' })).toMatchObject({
      place: { directory: 'kept' },
      topics: ['logs', 'transaction.ingest'],
    });
    expect(backupOf({ S3_BUCKET: 'acme', PREFIX: 'bus/', AWS_REGION: 'eu-central-1' }).place).toEqual({
      s3: { bucket: 'acme', prefix: 'bus', region: 'eu-central-1' },
    });
  });

  it('take the secret of a bucket from a file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'sdp-test-settings-'));
    writeFileSync(join(dir, 'secret'), 'a-secret\n');
    const environment = {
      ...{ S3_BUCKET: 'acme', S3_ENDPOINT: 'https://storage.example', AWS_ACCESS_KEY_ID: 'id' },
      ...{ AWS_SECRET_ACCESS_KEY_FILE: join(dir, 'secret'), ROLE_ARN: 'arn:aws:iam::123456789012:role/a/b' },
    };
    expect(backupOf(environment).place).toMatchObject({
      s3: {
        endpoint: 'https://storage.example',
        credentials: { accessKeyId: 'id', secretAccessKey: 'a-secret' },
        roleArn: 'arn:aws:iam::123456789012:role/a/b',
      },
    });
    rmSync(dir, { recursive: true });
  });

  it('name everything that is wrong', () => {
    const bucket = { S3_BUCKET: 'acme' };
    expect(fieldsOf({ S3_BUCKET: 'Acme Bucket' })).toEqual(['S3_BUCKET']);
    expect(fieldsOf({ ...bucket, SDP_BACKUP_DIR: 'kept' })).toEqual(['SDP_BACKUP_DIR']);
    expect(fieldsOf({ ...bucket, PREFIX: '/a//b', ROLE_ARN: 'admin' })).toEqual(['PREFIX', 'ROLE_ARN']);
    expect(fieldsOf({ ...bucket, AWS_SECRET_ACCESS_KEY: 'a-secret' })).toEqual(['AWS_ACCESS_KEY_ID']);
    expect(fieldsOf({ SDP_BACKUP_TOPICS: 'a b', SDP_BACKUP_SECONDS: '0' })).toEqual([
      'SDP_BACKUP_TOPICS',
      'SDP_BACKUP_SECONDS',
    ]);
  });
});

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMasterKeyText, keyFingerprint, parseMasterKey, publishedKeys } from '@sdp/shared/crypto';
import { SdpError } from '@sdp/shared/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatedServerKey, loadSettings } from '../../src/settings/index.ts';

const key = generateMasterKeyText();
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sdp-settings-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function refusal(environment: Record<string, string>): SdpError {
  try {
    loadSettings(environment);
  } catch (error) {
    if (error instanceof SdpError) return error;
  }
  throw new Error('was not refused');
}

describe('loadSettings', () => {
  it('needs nothing: embedded database, loopback, production', () => {
    const { settings, warnings } = loadSettings({});
    expect(settings).toMatchObject({ environment: 'production', http: { host: '127.0.0.1', port: 8081 } });
    expect(settings.database.dsn).toBeUndefined();
    expect(settings.serverKey).toBeUndefined();
    expect(settings.kafka).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadSettings({ SDP_PORT: '', DB_DSN: ' ' }).settings.http.port).toBe(8081);
  });

  it('names every variable that is wrong at once, and no value', () => {
    const error = refusal({
      SDP_PORT: 'eighty-eighty',
      SDP_ENV: 'staging',
      DB_DSN: 'mysql://secret-host/db',
      SDP_API_KEY: 'short-secret',
      SDP_CLIENT_ID: 'not allowed!',
      SDP_TLS_CERT_FILE: join(dir, 'missing.pem'),
      KAFKA_BROKERS: 'kafka',
      KAFKA_USERNAME: 'me',
      SDP_MAX_RECORDS: '1e6',
      SDP_CRYPTO_KEY: 'secret-but-no-key',
    });
    expect(error.code).toBe('config-invalid');
    const fields = new Set(error.details.findings?.map(({ field }) => field));
    expect(fields).toEqual(
      new Set([
        'SDP_PORT',
        'SDP_ENV',
        'DB_DSN',
        'SDP_API_KEY',
        'SDP_CLIENT_ID',
        'SDP_TLS_CERT_FILE',
        'SDP_TLS_KEY_FILE',
        'KAFKA_BROKERS',
        'KAFKA_PASSWORD',
        'SDP_MAX_RECORDS',
        'SDP_CRYPTO_KEY',
      ]),
    );
    expect(JSON.stringify([error.message, error.stack, error.details])).not.toMatch(/secret|eighty|staging/);
  });

  it.each([
    [{ ENVIRONMENT: 'dev' }, { environment: 'dev' }],
    [{ ENVIRONMENT: 'development' }, { environment: 'dev' }],
    [
      { KAFKA_BOOTSTRAP_SERVERS: 'localhost:9092,127.0.0.1:9093' },
      { kafka: { brokers: ['localhost:9092', '127.0.0.1:9093'] } },
    ],
    [{ KAFKA_SERVER_1: 'localhost:9092' }, { kafka: { brokers: ['localhost:9092'] } }],
    [
      {
        POSTGRES_HOST: 'db',
        POSTGRES_PORT: '6543',
        POSTGRES_DB: 'sdp',
        POSTGRES_USER: 'me',
        POSTGRES_PASSWORD: 'p@ss/word',
        SDP_CRYPTO_KEY: key,
      },
      { database: { dsn: 'postgresql://me:p%40ss%2Fword@db:6543/sdp' } },
    ],
  ])('accepts old names and warns once: %o', (environment, expected) => {
    const { settings, warnings } = loadSettings(environment as Record<string, string>);
    expect(settings).toMatchObject(expected);
    expect(warnings).toHaveLength(1);
  });

  it('prefers the present name and then says nothing', () => {
    const { settings, warnings } = loadSettings({ KAFKA_BROKERS: 'localhost:1', KAFKA_SERVER_1: 'old:1' });
    expect(settings.kafka?.brokers).toEqual(['localhost:1']);
    expect(warnings).toEqual([]);
  });

  it('needs a key for a database that is not its own', () => {
    expect(refusal({ DB_DSN: 'postgresql://db/sdp' }).code).toBe('key-missing');
    expect(loadSettings({ DB_DSN: 'postgresql://db/sdp', SDP_CRYPTO_KEY: key }).settings.serverKey).toBeDefined();
  });

  it.each(publishedKeys)('refuses the published key %s outside dev', (published) => {
    expect(refusal({ SDP_CRYPTO_KEY: published }).code).toBe('key-published');
    expect(loadSettings({ SDP_CRYPTO_KEY: published, SDP_ENV: 'dev' }).settings.serverKey).toBeDefined();
  });

  it('reads secrets from files, and not from two places', () => {
    const file = join(dir, 'key');
    writeFileSync(file, `${key}\n`);
    const { settings } = loadSettings({ SDP_CRYPTO_KEY_FILE: file });
    expect(settings.serverKey && keyFingerprint(settings.serverKey)).toBe(keyFingerprint(parseMasterKey(key)));
    expect(refusal({ SDP_CRYPTO_KEY_FILE: file, SDP_CRYPTO_KEY: key }).code).toBe('config-invalid');
    expect(refusal({ SDP_CRYPTO_KEY_FILE: join(dir, 'none') }).code).toBe('config-invalid');
  });
});

describe('generatedServerKey', () => {
  it('makes one key, private to its owner, and keeps it', () => {
    const first = keyFingerprint(generatedServerKey(dir));
    expect(keyFingerprint(generatedServerKey(dir))).toBe(first);
    expect(statSync(join(dir, 'server.key')).mode & 0o777).toBe(0o600);
  });
});

describe('keys of messages', () => {
  const [encryption, signing] = ['0a'.repeat(32), '0b'.repeat(32)];

  it('are derived where none are given, by a generation', () => {
    expect(loadSettings({}).settings.messageKeys).toEqual({ generation: 1 });
    expect(loadSettings({ SDP_MESSAGE_KEY_GENERATION: '3' }).settings.messageKeys).toEqual({ generation: 3 });
  });

  it('are taken as they are given, old ones behind the new', () => {
    const environment = { KAFKA_ENCRYPTION_KEY: `${'0c'.repeat(32)},${encryption}`, KAFKA_SIGNING_KEY: signing };
    expect(loadSettings(environment).settings.messageKeys.given).toEqual({
      encryptionKeys: environment.KAFKA_ENCRYPTION_KEY,
      signingKeys: signing,
    });
  });

  it.each([
    { KAFKA_ENCRYPTION_KEY: encryption },
    { KAFKA_SIGNING_KEY: signing },
    { KAFKA_ENCRYPTION_KEY: encryption, KAFKA_SIGNING_KEY: encryption },
    { KAFKA_ENCRYPTION_KEY: encryption.slice(2), KAFKA_SIGNING_KEY: signing },
  ])('are refused before the server starts, and not shown: %#', (environment) => {
    const error = refusal(environment);
    expect(error.code).toBe('config-invalid');
    expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain('0a0a');
  });
});

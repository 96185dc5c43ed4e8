import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SdpError } from '@sdp/shared/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error A script in JavaScript, since it runs before anything is built.
import { makeAuthority, makeCertificate } from '../../../scripts/certificates.mjs';
import { loadSettings } from '../../src/settings/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'sdp-kafka-settings-'));
let ca: { cert: string; key: string };
let client: { cert: string; key: string };
beforeAll(() => {
  ca = makeAuthority(dir, 'authority');
  client = makeCertificate(dir, 'client', ca);
});
afterAll(() => rmSync(dir, { recursive: true }));

const brokers = { KAFKA_BROKERS: 'localhost:9093' };
const load = (more: Record<string, string>) => loadSettings({ ...brokers, ...more });

function findings(more: Record<string, string>): string[] {
  try {
    load(more);
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    expect(JSON.stringify([error.message, error.stack, error.details])).not.toMatch(/secret/);
    return error.details.findings?.map(({ field, message }) => `${field} ${message}`) ?? [];
  }
  throw new Error('was not refused');
}

describe('the settings of Kafka', () => {
  it('take TLS, SASL, compression, transactions and copies', () => {
    const password = join(dir, 'password');
    writeFileSync(password, 'secret\n');
    const { kafka } = load({
      KAFKA_SSL_CA: ca.cert,
      KAFKA_SSL_CERT: client.cert,
      KAFKA_SSL_KEY: client.key,
      KAFKA_USERNAME: 'sdp-server',
      KAFKA_PASSWORD_FILE: password,
      KAFKA_COMPRESSION: 'zstd',
      KAFKA_TRANSACTIONS: 'yes',
      KAFKA_REPLICAS: '3',
    }).settings;
    expect(kafka).toMatchObject({
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'sdp-server', password: 'secret' },
      ...{ compression: 'zstd', transactions: true, replicas: 3 },
    });
    expect(Object.keys(kafka?.tls ?? {})).toEqual(['ca', 'cert', 'key']);
  });

  it('are plain, uncompressed and without transactions by default', () => {
    const { kafka } = load({}).settings;
    expect(kafka).toEqual({ brokers: ['localhost:9093'], clientId: 'sdp', compression: 'none', transactions: false });
  });

  it('are refused with every field that is wrong, and no value', () => {
    const none = join(dir, 'secret-path');
    expect(
      findings({
        KAFKA_BROKERS: 'localhost:99999',
        KAFKA_USERNAME: 'secret-user',
        KAFKA_SASL_MECHANISM: 'SECRET-MECHANISM',
        KAFKA_SSL: 'secret',
        KAFKA_SSL_CERT: none,
        KAFKA_COMPRESSION: 'secret',
        KAFKA_TRANSACTIONS: 'secret',
        KAFKA_REPLICAS: '0',
      }).map((finding) => finding.split(' ')[0]),
    ).toEqual([
      ...['KAFKA_BROKERS', 'KAFKA_SASL_MECHANISM', 'KAFKA_SSL', 'KAFKA_COMPRESSION', 'KAFKA_TRANSACTIONS'],
      ...['KAFKA_REPLICAS', 'KAFKA_PASSWORD', 'KAFKA_SSL_KEY', 'KAFKA_SSL_CERT'],
    ]);
  });

  it('must hold certificates and the key that belongs to them', () => {
    const text = join(dir, 'text.pem');
    writeFileSync(text, 'secret, and no certificate');
    const pem = { KAFKA_SSL_CA: text, KAFKA_SSL_CERT: text, KAFKA_SSL_KEY: text };
    expect(findings(pem)).toEqual([
      'KAFKA_SSL_CA must be a file of certificates in PEM',
      'KAFKA_SSL_CERT must be a file of certificates in PEM',
      'KAFKA_SSL_KEY must be a private key in PEM without a passphrase',
    ]);
    expect(findings({ KAFKA_SSL_CERT: client.cert, KAFKA_SSL_KEY: ca.key })).toEqual([
      'KAFKA_SSL_KEY is not the key of KAFKA_SSL_CERT',
    ]);
  });

  it('never turn TLS off where certificates say otherwise, nor send a password readable', () => {
    expect(findings({ KAFKA_SSL: 'no', KAFKA_SSL_CA: ca.cert })).toEqual([
      'KAFKA_SSL is off, but certificates are given',
    ]);
    const plain = { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_USERNAME: 'u', KAFKA_PASSWORD: 'secret' };
    expect(findings(plain)).toEqual(['KAFKA_SASL_MECHANISM PLAIN would send the password readable: turn KAFKA_SSL on']);
    expect(load({ ...plain, KAFKA_SSL: 'yes' }).settings.kafka?.tls).toEqual({});
  });

  it('warn of a broker elsewhere that is reached in plain text', () => {
    const remote = { KAFKA_BROKERS: 'kafka-1.example:9092' };
    expect(load(remote).warnings).toEqual([expect.stringContaining('without TLS and without credentials')]);
    expect(load({ ...remote, KAFKA_SSL: 'yes' }).warnings).toEqual([]);
    expect(load({ ...remote, SDP_ENV: 'dev' }).warnings).toEqual([]);
    expect(load({}).warnings).toEqual([]);
  });
});

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Finding } from '@sdp/shared/errors';
import type { Variables } from './variables.ts';

type Files = readonly (Buffer | undefined)[];

/**
 * What is wrong with how the broker is to be reached and cannot be seen in one variable alone: better said at start than by a
 * handshake that fails.
 *
 * @param files contents of KAFKA_SSL_CA, KAFKA_SSL_CERT and KAFKA_SSL_KEY
 */
export function kafkaFindings(values: Readonly<Record<string, string>>, [ca, cert, key]: Files): Finding[] {
  const findings: Finding[] = [];
  const wantsTls = [ca, cert].some((file) => file !== undefined);
  const tls = values['KAFKA_SSL'];
  if (wantsTls && tls !== undefined && ['false', '0', 'no'].includes(tls)) {
    findings.push({ field: 'KAFKA_SSL', message: 'is off, but certificates are given' });
  }
  const hasTls = wantsTls || (tls !== undefined && ['true', '1', 'yes'].includes(tls));
  if (values['KAFKA_SASL_MECHANISM'] === 'PLAIN' && !hasTls && values['KAFKA_USERNAME'] !== undefined) {
    findings.push({
      field: 'KAFKA_SASL_MECHANISM',
      message: 'PLAIN would send the password readable: turn KAFKA_SSL on',
    });
  }
  if (ca !== undefined && certificatesOf(ca).length === 0) {
    findings.push({ field: 'KAFKA_SSL_CA', message: 'must be a file of certificates in PEM' });
  }
  findings.push(...clientCertificateFindings(cert, key));
  return findings;
}

function clientCertificateFindings(cert: Buffer | undefined, key: Buffer | undefined): Finding[] {
  const findings: Finding[] = [];
  const [certificate] = cert === undefined ? [] : certificatesOf(cert);
  const privateKey = key === undefined ? undefined : privateKeyOf(key);
  if (cert !== undefined && certificate === undefined) {
    findings.push({ field: 'KAFKA_SSL_CERT', message: 'must be a file of certificates in PEM' });
  }
  if (certificate !== undefined && new Date(certificate.validTo) < new Date()) {
    findings.push({ field: 'KAFKA_SSL_CERT', message: 'is a certificate that has expired' });
  }
  if (key !== undefined && privateKey === undefined) {
    findings.push({ field: 'KAFKA_SSL_KEY', message: 'must be a private key in PEM without a passphrase' });
  }
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    findings.push({ field: 'KAFKA_SSL_KEY', message: 'is not the key of KAFKA_SSL_CERT' });
  }
  return findings;
}

/** To be logged once: allowed, and not what one would want beyond one's own machine. */
export function kafkaWarnings(variables: Variables): string[] {
  const { KAFKA_BROKERS: brokers = [], KAFKA_USERNAME: username, SDP_ENV: environment } = variables;
  const hasTls = variables.KAFKA_SSL || variables.KAFKA_SSL_CA !== undefined || variables.KAFKA_SSL_CERT !== undefined;
  const isRemote = brokers.some((broker) => !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):/.test(broker));
  if (hasTls || !isRemote || environment === 'dev') return [];
  return [
    username === undefined
      ? 'The broker is reached without TLS and without credentials; set KAFKA_SSL and KAFKA_USERNAME.'
      : 'The broker is reached without TLS; set KAFKA_SSL.',
  ];
}

/** Of a PEM file; none where one of them is not one. */
function certificatesOf(file: Buffer): X509Certificate[] {
  const blocks = file.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

function privateKeyOf(file: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(file);
  } catch {
    return undefined;
  }
}

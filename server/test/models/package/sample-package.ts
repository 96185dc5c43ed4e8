import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  generateModelKeyPair,
  type ModelPackage,
  parseTrustedKeys,
  signPackage,
  type TrustedKeys,
} from '../../../src/models/package/index.ts';

export interface Signer {
  readonly privateKey: KeyObject;
  readonly trusted: TrustedKeys;
}

export function makeSigner(): Signer {
  const { privateKeyPem, publicKeyText } = generateModelKeyPair();
  return { privateKey: createPrivateKey(privateKeyPem), trusted: parseTrustedKeys(publicKeyText) };
}

export function sampleFiles(
  version = 'fraud-1.0.0',
  others: Record<string, string> = { 'weights.json': '[1,2,3]', 'rules.yml': 'rules: []\n' },
): Map<string, Uint8Array> {
  const manifest = JSON.stringify({ version, feature_set: 'fraud-v1' });
  return new Map(
    Object.entries({ 'ensemble.json': manifest, ...others }).map(([name, text]) => [name, Buffer.from(text)]),
  );
}

export function samplePackage({ privateKey }: Signer, version?: string, others?: Record<string, string>): ModelPackage {
  return signPackage(sampleFiles(version, others), privateKey, new Date('2026-01-02T03:04:05Z'));
}

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ConfigError } from '@sdp/shared/errors';

/** Public keys that may sign models, by their ids. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

export interface ModelKeyPair {
  readonly keyId: string;
  /** PKCS #8 in PEM. */
  readonly privateKeyPem: string;
  /** 32 bytes in URL-safe base64: an entry of SDP_MODEL_TRUSTED_KEYS. */
  readonly publicKeyText: string;
}

/** DER that stands before the 32 bytes of a public key (RFC 8410, 4). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export function generateModelKeyPair(): ModelKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    keyId: modelKeyId(publicKey),
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicKeyText: rawPublicKey(publicKey).toString('base64url'),
  };
}

/** The first 16 hex digits of the SHA-256 of the raw public key. It names a key; trust is in the key itself. */
export function modelKeyId(publicKey: KeyObject): string {
  return createHash('sha256').update(rawPublicKey(publicKey)).digest('hex').slice(0, 16);
}

/** @throws {ConfigError} `model-key-invalid` for anything but an Ed25519 private key in PEM */
export function parseModelPrivateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Below: the parser's own error may quote the key.
  }
  throw new ConfigError('model-key-invalid', { message: 'The file does not hold an Ed25519 private key in PEM' });
}

/**
 * Reads public keys that are separated by commas or white space.
 *
 * @throws {ConfigError} `model-key-invalid`
 */
export function parseTrustedKeys(text: string): TrustedKeys {
  const keys = new Map<string, KeyObject>();
  for (const entry of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const raw = /^[A-Za-z0-9_-]{43}=?$/.test(entry) ? Buffer.from(entry, 'base64url') : undefined;
    if (raw?.length !== 32) {
      throw new ConfigError('model-key-invalid', {
        message: 'A trusted public key is not 32 bytes of URL-safe base64',
      });
    }
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
    keys.set(modelKeyId(key), key);
  }
  return keys;
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
}

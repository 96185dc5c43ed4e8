import { createHmac, type KeyObject } from 'node:crypto';
import { constantTimeEqual, deriveKey, keyFingerprint, lengthPrefixed, type MasterKey } from '@sdp/shared/crypto';

/** Keys of one server's backup. All that is needed to open it is the server's own key: a backup has to outlive the database. */
export interface BackupKeys {
  /** SHA-256 that tells the server's key from others. */
  readonly keyId: Buffer;
  /** A value of this content in this place: the same for the same, and nobody else can compute it. */
  saltOf(name: string, content: Uint8Array): Buffer;
  /** One key for each object and content, so that a counter may serve as nonce. */
  objectKey(name: string, salt: Uint8Array): KeyObject;
  /** HMAC-SHA-256, as hex. */
  authenticate(text: string): string;
  isAuthentic(text: string, mac: string): boolean;
}

export function createBackupKeys(serverKey: MasterKey): BackupKeys {
  const saltKey = deriveKey(serverKey, 'server-backup-salt-v1');
  const macKey = deriveKey(serverKey, 'server-backup-manifest-v1');
  const authenticate = (text: string) => createHmac('sha256', macKey).update(text).digest('hex');
  return {
    keyId: Buffer.from(keyFingerprint(serverKey), 'hex'),
    saltOf: (name, content) => createHmac('sha256', saltKey).update(lengthPrefixed(name)).update(content).digest(),
    objectKey: (name, salt) => deriveKey(serverKey, 'server-backup-object-v1', name, Buffer.from(salt).toString('hex')),
    authenticate,
    isAuthentic: (text, mac) => constantTimeEqual(Buffer.from(authenticate(text)), Buffer.from(mac)),
  };
}

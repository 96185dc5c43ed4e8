import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { headStatement, type SignedHead, type TreeHead } from './signed-head.ts';

/** Signs what the server states of its data. Statements begin with a line that says what they are. */
export interface Ed25519Key {
  readonly keyId: string;
  /** 32 bytes as URL-safe base64, to be given to whoever checks. */
  readonly publicKeyText: string;
  signStatement(statement: Buffer): Buffer;
}

/** Signs heads of the ledger. */
export interface LedgerKey extends Ed25519Key {
  sign(head: Omit<TreeHead, 'keyId'>): SignedHead;
}

/** RFC 8410: PKCS #8 of an Ed25519 seed, and SPKI of a public key, up to their 32 bytes. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** The server's key for heads, derived from its master key. */
export function ledgerKeyOf(serverKey: MasterKey): LedgerKey {
  const seed = deriveKey(serverKey, 'server-audit-head-v1').export();
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
  const keyId = keyIdOf(raw);
  return {
    keyId,
    publicKeyText: raw.toString('base64url'),
    signStatement: (statement) => sign(null, statement, privateKey),
    sign: (head) => {
      const whole = { ...head, keyId };
      return { ...whole, signature: sign(null, headStatement(whole), privateKey).toString('hex') };
    },
  };
}

/** Whether the head was signed with that key. */
export function isSignedWith(publicKeyText: string, head: SignedHead): boolean {
  const raw = Buffer.from(publicKeyText, 'base64url');
  return (
    head.keyId === keyIdOf(raw) && verify(null, headStatement(head), toKey(raw), Buffer.from(head.signature, 'hex'))
  );
}

/** Whether the statement was signed with that key. */
export function isSignedStatement(publicKeyText: string, statement: Buffer, signature: Buffer): boolean {
  return verify(null, statement, toKey(Buffer.from(publicKeyText, 'base64url')), signature);
}

function toKey(raw: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
}

/** The first 8 bytes of the key's SHA-256, as hex. */
function keyIdOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('hex').slice(0, 16);
}

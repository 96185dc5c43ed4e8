import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { lengthPrefixed, nonceBytes, tagBytes } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import type { BackupKeys } from './backup-keys.ts';

/**
 * A sealed object, nothing between its parts and nothing behind:
 *
 * ```
 * magic "SDPB"   4    key id   32   fingerprint of the server's key
 * version (1)    1    salt     32   HMAC of name and content
 * reserved (0)   3    chunks        each 65,536 bytes of content (the last one fewer, perhaps none), and a tag of 16
 * ```
 *
 * Chunks are sealed one by one with AES-256-GCM in the manner of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, "Online
 * Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015): the nonce is the chunk's index and whether it is the
 * last, so none can be left out, moved or put behind. Name and header are associated data. The key is made from name and salt,
 * and the salt from the content: sealing the same again gives the same bytes, and no key ever seals two contents.
 */
const magic = Buffer.from('SDPB', 'latin1');
const version = 1;
const keyIdBytes = 32;
const saltBytes = 32;
const keyIdAt = 8;
const saltAt = keyIdAt + keyIdBytes;
export const headerBytes = saltAt + saltBytes;
export const chunkBytes = 65_536;
const sealedChunkBytes = chunkBytes + tagBytes;

/** @param name the object's own, without what stands before it in a bucket: in any other place it doesn't open */
export function sealObject(keys: BackupKeys, name: string, content: Uint8Array): Buffer {
  const chunks = Math.max(1, Math.ceil(content.length / chunkBytes));
  const sealed = Buffer.alloc(headerBytes + content.length + chunks * tagBytes);
  magic.copy(sealed);
  sealed[4] = version;
  keys.keyId.copy(sealed, keyIdAt);
  const salt = keys.saltOf(name, content);
  salt.copy(sealed, saltAt);
  const key = keys.objectKey(name, salt);
  const aad = associatedData(name, sealed.subarray(0, headerBytes));
  for (let index = 0, at = headerBytes; index < chunks; index++) {
    const chunk = content.subarray(index * chunkBytes, (index + 1) * chunkBytes);
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index, index === chunks - 1), {
      authTagLength: tagBytes,
    });
    cipher.setAAD(aad);
    sealed.set(cipher.update(chunk), at);
    cipher.final();
    sealed.set(cipher.getAuthTag(), at + chunk.length);
    at += chunk.length + tagBytes;
  }
  return sealed;
}

/**
 * @throws {IntegrityError} `backup-key-unknown` for what another server's key has sealed; `backup-tampered` for whatever isn't, to
 *   the last bit, what was sealed under this name
 */
export function openObject(keys: BackupKeys, name: string, sealed: Buffer): Buffer {
  if (sealed.length < headerBytes + tagBytes || !sealed.subarray(0, 4).equals(magic) || sealed[4] !== version) {
    throw new IntegrityError('backup-tampered');
  }
  if (!sealed.subarray(keyIdAt, saltAt).equals(keys.keyId)) throw new IntegrityError('backup-key-unknown');
  const key = keys.objectKey(name, sealed.subarray(saltAt, headerBytes));
  const aad = associatedData(name, sealed.subarray(0, headerBytes));
  const chunks = Math.ceil((sealed.length - headerBytes) / sealedChunkBytes);
  const opened: Buffer[] = [];
  for (let index = 0; index < chunks; index++) {
    const from = headerBytes + index * sealedChunkBytes;
    const chunk = sealed.subarray(from, Math.min(from + sealedChunkBytes, sealed.length));
    opened.push(openChunk(key, nonceOf(index, index === chunks - 1), aad, chunk));
  }
  return Buffer.concat(opened);
}

function openChunk(key: KeyObject, nonce: Buffer, aad: Buffer, chunk: Buffer): Buffer {
  const end = chunk.length - tagBytes;
  if (end < 0) throw new IntegrityError('backup-tampered');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(aad);
  decipher.setAuthTag(chunk.subarray(end));
  const content = decipher.update(chunk.subarray(0, end));
  try {
    decipher.final();
  } catch {
    throw new IntegrityError('backup-tampered');
  }
  return content;
}

function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUInt32BE(index, nonceBytes - 5);
  nonce[nonceBytes - 1] = isLast ? 1 : 0;
  return nonce;
}

function associatedData(name: string, header: Uint8Array): Buffer {
  return Buffer.concat([lengthPrefixed('sdp-backup-object-v1', name), header]);
}

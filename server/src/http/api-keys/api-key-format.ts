import { createHash, createHmac, type KeyObject, randomBytes } from 'node:crypto';

const prefix = 'sdp_live_';
const idLength = 16;
const secretLength = 43;
const checksumLength = 8;
const pattern = new RegExp(
  `^${prefix}([0-9a-f]{${idLength}})_([A-Za-z0-9_-]{${secretLength}})([0-9a-f]{${checksumLength}})$`,
);

/** A key as its holder has it, and the id that may be shown. */
export interface GeneratedApiKey {
  readonly keyId: string;
  readonly text: string;
}

/** `sdp_live_<id>_<secret><checksum>`: findable by secret scanners, and a typing error shows without asking the database. */
export function generateApiKey(): GeneratedApiKey {
  const keyId = randomBytes(idLength / 2).toString('hex');
  const body = `${prefix}${keyId}_${randomBytes(32).toString('base64url')}`;
  return { keyId, text: body + checksum(body) };
}

/** @returns the key's id, or undefined for what is no key of this form or is mistyped */
export function apiKeyId(text: string): string | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  return checksum(text.slice(0, -checksumLength)) === match[3] ? match[1] : undefined;
}

/** What is stored. The pepper is not in the database, so a copy of it doesn't let anyone test guesses. */
export function apiKeyHmac(pepper: KeyObject, text: string): Buffer {
  return createHmac('sha256', pepper).update('sdp-api-key-v1\0').update(text).digest();
}

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, checksumLength);
}

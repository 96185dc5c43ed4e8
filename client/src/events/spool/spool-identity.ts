import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deriveKey, hmacHex, type MasterKey } from '@sdp/shared/crypto';
import { ConfigError, IntegrityError } from '@sdp/shared/errors';
import { z } from 'zod';
import { replaceDurably } from '../../files/index.ts';

const schema = z.strictObject({
  version: z.literal(1),
  /** Random; events that bring no id of their own get theirs from it. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** Tells a wrong key from damage. */
  key_check: z.string(),
});

/**
 * Reads what a spool is, or makes it one.
 *
 * @throws {ConfigError} `spool-wrong-key`
 * @throws {IntegrityError} `spool-damaged`
 */
export function spoolIdentity(path: string, masterKey: MasterKey): string {
  const text = readText(path);
  if (text === undefined) return newSpoolIdentity(path, masterKey);
  const parsed = schema.safeParse(parsedJson(text));
  if (!parsed.success) throw new IntegrityError('spool-damaged', { details: { file: path } });
  if (parsed.data.key_check !== checkOf(masterKey, parsed.data.id)) throw new ConfigError('spool-wrong-key');
  return parsed.data.id;
}

/** Gives the spool a new id, under which no event was numbered yet. */
export function newSpoolIdentity(path: string, masterKey: MasterKey): string {
  const id = randomBytes(16).toString('hex');
  replaceDurably(path, `${JSON.stringify({ version: 1, id, key_check: checkOf(masterKey, id) })}\n`);
  return id;
}

function checkOf(masterKey: MasterKey, id: string): string {
  return hmacHex(deriveKey(masterKey, 'event-spool-check-v1', id), 'sdp spool');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

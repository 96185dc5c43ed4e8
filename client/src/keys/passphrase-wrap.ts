import * as crypto from 'node:crypto';
import type { MasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import { unwrapMasterKey, wrapMasterKey } from './key-wrapping.ts';
import type { WrappedKey } from './sealed-key-file.ts';

type PassphraseWrap = Extract<WrappedKey, { kind: 'passphrase' }>;

/** Cost of one try at a passphrase. */
export interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/**
 * The second recommended option of RFC 9106, section 4 (64 MiB, 3 passes, 4 lanes) with four times the memory: a file that
 * is made once and opened once per command can afford it, and each try of a guesser costs as much.
 */
export const argon2Cost: Argon2Cost = { memoryKib: 262_144, passes: 3, lanes: 4 };

const shortest = 12;

/**
 * Wraps the master key by a passphrase: Argon2id (RFC 9106) makes the wrapping key.
 *
 * @throws {ConfigError} `key-source-invalid` for a passphrase that is too short to withstand guessing
 */
export async function wrapByPassphrase(
  fileId: string,
  master: MasterKey,
  passphrase: string,
  cost: Argon2Cost = argon2Cost,
): Promise<PassphraseWrap> {
  if ([...normalized(passphrase)].length < shortest) {
    throw new ConfigError('key-source-invalid', {
      message: `The passphrase has fewer than ${shortest} characters`,
      remedy: 'Take several random words, or have a password manager make one.',
    });
  }
  const salt = crypto.randomBytes(16);
  const wrapping = await argon2id(passphrase, salt, cost);
  return {
    kind: 'passphrase',
    kdf: 'argon2id',
    salt: salt.toString('base64url'),
    memory_kib: cost.memoryKib,
    passes: cost.passes,
    lanes: cost.lanes,
    ...wrapMasterKey(wrapping, [fileId, 'passphrase'], master),
  };
}

/** @returns `undefined` for a wrong passphrase (or a wrap that was changed: nobody can tell the two apart) */
export async function unwrapByPassphrase(
  fileId: string,
  wrap: PassphraseWrap,
  passphrase: string,
): Promise<MasterKey | undefined> {
  const cost = { memoryKib: wrap.memory_kib, passes: wrap.passes, lanes: wrap.lanes };
  const wrapping = await argon2id(passphrase, Buffer.from(wrap.salt, 'base64url'), cost);
  return unwrapMasterKey(wrapping, [fileId, 'passphrase'], wrap);
}

/** Unicode has several ways to write a letter, and keyboards differ in which they give. */
const normalized = (passphrase: string): string => passphrase.normalize('NFKC');

async function argon2id(passphrase: string, nonce: Buffer, cost: Argon2Cost): Promise<crypto.KeyObject> {
  if (typeof crypto.argon2 !== 'function') {
    throw new ConfigError('key-source-invalid', {
      message: 'This version of Node has no Argon2id',
      remedy: 'Run sdp with Node 24.7 or newer, the one that the install brings for instance.',
    });
  }
  const message = Buffer.from(normalized(passphrase), 'utf8');
  const parameters = {
    message,
    nonce,
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength: 32,
  };
  try {
    return await new Promise((resolve, reject) => {
      crypto.argon2('argon2id', parameters, (error, bytes) => {
        if (error !== null) {
          // OpenSSL names the cause (memory, as a rule) and nothing of the input.
          reject(new ConfigError('key-locked', { message: 'Argon2id could not run, perhaps for want of memory' }));
          return;
        }
        resolve(crypto.createSecretKey(bytes));
        bytes.fill(0);
      });
    });
  } finally {
    message.fill(0);
  }
}

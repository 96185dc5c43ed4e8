import * as crypto from 'node:crypto';
import { constantTimeEqual, deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { ConfigError, UnavailableError } from '@sdp/shared/errors';

/** RFC 9106, 4: the second recommended setting, for where 2 GiB a sign-in are too much. */
const passes = 3;
const memoryKib = 65_536;
const parallelism = 4;
const saltBytes = 16;
const hashBytes = 32;

/** Each takes 64 MiB and a thread; more than this wait, and more than that are sent away. */
const maxRunning = 2;
const maxWaiting = 32;

const phcPattern =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,64})\$([A-Za-z0-9+/]{43})$/;

/** Throws {@link ConfigError} `config-invalid` on a Node.js that has no Argon2. */
export interface PasswordHasher {
  /** @returns a PHC string (`$argon2id$v=19$…`) */
  hash(password: string): Promise<string>;
  /** @param stored undefined where there is no such user: takes the same time and is false */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

/** Argon2id (RFC 9106) with a pepper derived from the server's key: a copy of the database alone lets nobody test guesses. */
export function createPasswordHasher(serverKey: MasterKey): PasswordHasher {
  const secret = deriveKey(serverKey, 'server-password-pepper-v1').export();
  const enter = bounded();
  const derive = (password: string, nonce: Buffer, cost: Cost) => {
    assertArgon2();
    return enter(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          const message = Buffer.from(password.normalize('NFKC'), 'utf8');
          crypto.argon2('argon2id', { ...cost, message, nonce, secret, tagLength: hashBytes }, (error, derived) => {
            if (error) reject(error);
            else resolve(derived);
          });
        }),
    );
  };
  const cost = { passes, memory: memoryKib, parallelism };
  const decoySalt = crypto.randomBytes(saltBytes);
  return {
    async hash(password) {
      const salt = crypto.randomBytes(saltBytes);
      const hash = await derive(password, salt, cost);
      return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`;
    },
    async verify(password, stored) {
      const known = stored === undefined ? undefined : parsePhc(stored);
      const derived = await derive(password, known?.salt ?? decoySalt, known?.cost ?? cost);
      return known !== undefined && constantTimeEqual(known.hash, derived);
    },
  };
}

/** @throws {ConfigError} `config-invalid` */
function assertArgon2(): void {
  if (typeof crypto.argon2 === 'function') return;
  throw new ConfigError('config-invalid', {
    message: 'This Node.js has no Argon2: nobody can sign in with a password',
    remedy: 'Run the server on Node.js 24.7 or later.',
  });
}

interface Cost {
  readonly passes: number;
  readonly memory: number;
  readonly parallelism: number;
}

function parsePhc(text: string) {
  const [, memory, passes, parallelism, salt, hash] = phcPattern.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

/** PHC strings leave out the padding. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function bounded() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting)
        throw new UnavailableError('server-busy', { details: { retryAfterSeconds: 2 } });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place goes to the next one.
      if (next) next();
      else running--;
    }
  };
}

import { randomFillSync } from 'node:crypto';
import { InputError } from '@sdp/shared/errors';
import { type Token, tokenFromDigest } from '@sdp/shared/tokenization';
import { tailBytes, tokenBytes } from './format.ts';
import type { NamespaceUse } from './namespace-use.ts';
import type { SealingQueue } from './sealing-queue.ts';
import { emptyToken } from './token-digests.ts';

/** Random tokens have no digest that a tail could be taken from. */
export const randomTail = '00'.repeat(tailBytes);

const tokensDrawn = 512;

/** The function behind `Vault.randomTokenizer`: 128 random bits for each cell. */
export function createRandomTokenizer(queue: SealingQueue, use: NamespaceUse): (value: string) => Token {
  // Drawn for many at once: a draw costs more than all the rest.
  const pool = Buffer.alloc(tokensDrawn * tokenBytes);
  let at = pool.length;
  return (value) => {
    if (value === '') return emptyToken;
    if (!value.isWellFormed()) {
      throw new InputError('csv-encoding', { message: 'A value holds half of a surrogate pair' });
    }
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    const hex = pool.toString('hex', at, at + tokenBytes);
    at += tokenBytes;
    queue.builderFor(use).add(value, hex + randomTail);
    return tokenFromDigest(hex);
  };
}

import { type KeyedHash, type Token, tokenFromDigest } from '@sdp/shared/tokenization';
import type { NamespaceUse } from './namespace-use.ts';
import { RepetitionCache } from './repetition-cache.ts';
import type { SealingQueue } from './sealing-queue.ts';
import { emptyToken } from './token-digests.ts';

/** The function behind `Vault.tokenizer`: digest, hand over for sealing, return the token. */
export function createTokenizer(digest: KeyedHash, queue: SealingQueue, use: NamespaceUse): (value: string) => Token {
  const recent = new RepetitionCache<Token>();
  return (value) => {
    if (value === '') return emptyToken;
    const known = recent.get(value);
    if (known !== undefined) return known;
    const digestHex = digest(value);
    const token = tokenFromDigest(digestHex);
    const batch = queue.builderFor(use);
    batch.add(value, digestHex);
    if (recent.keeps(value)) recent.set(batch.copyOfLast(), token);
    return token;
  };
}

import type { Canonicalizer, KeyedHash, Token } from '@sdp/shared/tokenization';
import { tokenFromDigest } from '@sdp/shared/tokenization';
import type { BatchFollower, NamespaceUse } from './namespace-use.ts';
import { RepetitionCache } from './repetition-cache.ts';
import type { SealingQueue } from './sealing-queue.ts';
import { emptyToken } from './token-digests.ts';

/** One spelling of a value, from the cell that brought it up on. */
interface Spelling {
  readonly token: Token;
  /** Cells so far; after the worker has answered, only `differs` counts. */
  cells: number;
  differs: boolean | undefined;
}

/** Counts cells whose spelling isn't the one that is stored. */
export class SpellingCount {
  cells = 0;

  follow(): SpellingFollower {
    return new SpellingFollower(this);
  }

  /** A further cell of a spelling. */
  repeat(spelling: Spelling): void {
    if (spelling.differs === undefined) spelling.cells += 1;
    else if (spelling.differs) this.cells += 1;
  }
}

/** Keeps the spellings of a batch in its order until the worker tells which of them are stored. */
class SpellingFollower implements BatchFollower {
  readonly spellings: Spelling[] = [];
  readonly #count: SpellingCount;

  constructor(count: SpellingCount) {
    this.#count = count;
  }

  written(differing: Uint32Array): void {
    for (const spelling of this.spellings) spelling.differs = false;
    for (const position of differing) {
      const spelling = this.spellings[position];
      if (spelling === undefined) continue;
      spelling.differs = true;
      this.#count.cells += spelling.cells;
    }
  }
}

/** The function behind `Vault.tokenizer` where a canonical form is given: the token is made over it, the cell is stored. */
export function createCanonicalTokenizer(
  digest: KeyedHash,
  { apply }: Canonicalizer,
  queue: SealingQueue,
  use: NamespaceUse,
  count: SpellingCount,
): (value: string) => Token {
  const recent = new RepetitionCache<Spelling>();
  return (value) => {
    if (value === '') return emptyToken;
    const known = recent.get(value);
    if (known !== undefined) {
      count.repeat(known);
      return known.token;
    }
    const digestHex = digest(apply(value));
    const spelling: Spelling = { token: tokenFromDigest(digestHex), cells: 1, differs: undefined };
    const batch = queue.builderFor(use);
    batch.add(value, digestHex);
    (batch.follower as SpellingFollower).spellings.push(spelling);
    if (recent.keeps(value)) recent.set(batch.copyOfLast(), spelling);
    return spelling.token;
  };
}

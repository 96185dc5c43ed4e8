import type { Token } from '@sdp/shared/tokenization';
import { createCanonicalTokenizer, SpellingCount } from './canonical-tokenizer.ts';
import type { Database } from './database.ts';
import type { Keyring } from './keyring.ts';
import { type NamespaceUse, NamespaceUses } from './namespace-use.ts';
import { createRandomTokenizer } from './random-tokenizer.ts';
import type { VaultReader } from './reader.ts';
import type { SealingQueue } from './sealing-queue.ts';
import { withVaultErrors } from './sqlite-errors.ts';
import { StateStore } from './state.ts';
import { createSurrogates, WaitingSurrogates } from './surrogates.ts';
import type { TokenDigests } from './token-digests.ts';
import { createTokenizer } from './tokenizer.ts';
import type { NamespaceOptions, SurrogateCandidate } from './vault.ts';

interface WritingParts {
  readonly db: Database;
  readonly keys: Keyring;
  readonly reader: VaultReader;
  readonly queue: SealingQueue;
  readonly digests: TokenDigests;
}

/** Makes the functions of a vault that store values. */
export class NamespaceWriting {
  readonly #parts: WritingParts;
  readonly #states: StateStore;
  readonly #uses: NamespaceUses;
  readonly #spellings = new Map<string, SpellingCount>();
  readonly #waiting = new Map<string, WaitingSurrogates>();

  constructor(parts: WritingParts) {
    const { db, keys } = parts;
    this.#parts = parts;
    this.#states = new StateStore(db, keys.vaultId, keys.state, keys.ids.state);
    this.#uses = new NamespaceUses((name) => this.#stored(name));
  }

  tokenizer(namespace: string, options: NamespaceOptions = {}): (value: string) => Token {
    const { queue, digests } = this.#parts;
    const { canonical } = options;
    const use = this.#use(namespace, 'token', options);
    const digest = digests.of(namespace);
    if (canonical === undefined || canonical.id === '') return createTokenizer(digest, queue, use);
    const count = this.#spellingCount(namespace);
    use.follow = () => count.follow();
    return createCanonicalTokenizer(digest, canonical, queue, use, count);
  }

  randomTokenizer(namespace: string, { expiresDays }: NamespaceOptions = {}): (value: string) => Token {
    // Each cell has a token of its own: there is nothing that a canonical form could bring together.
    const use = this.#use(namespace, 'random', expiresDays === undefined ? {} : { expiresDays });
    return createRandomTokenizer(this.#parts.queue, use);
  }

  surrogates(
    namespace: string,
    candidate: SurrogateCandidate,
    options: NamespaceOptions = {},
  ): (value: string) => string {
    const use = this.#use(namespace, 'surrogate', options);
    const count = this.#spellingCount(namespace);
    let waiting = this.#waiting.get(namespace);
    if (waiting === undefined) {
      waiting = new WaitingSurrogates();
      this.#waiting.set(namespace, waiting);
    }
    const waits = waiting;
    use.follow = () => waits.follow();
    const parts = {
      ...this.#parts,
      use,
      waiting,
      expires: use.expiresDays !== undefined || (this.#stored(namespace)?.expiry ?? null) !== null,
      onOtherSpelling: () => {
        count.cells += 1;
      },
    };
    const surrogateOf = withVaultErrors(() => createSurrogates(parts, candidate, options));
    return (value) => withVaultErrors(() => surrogateOf(value));
  }

  spellings(namespace: string): number {
    return this.#spellings.get(namespace)?.cells ?? 0;
  }

  #use(namespace: string, kind: NamespaceUse['kind'], options: NamespaceOptions): NamespaceUse {
    return withVaultErrors(() => this.#uses.of(namespace, kind, options));
  }

  #stored(namespace: string) {
    return this.#states.read().namespaces.find(({ name }) => name === namespace);
  }

  #spellingCount(namespace: string): SpellingCount {
    let count = this.#spellings.get(namespace);
    if (count === undefined) {
      count = new SpellingCount();
      this.#spellings.set(namespace, count);
    }
    return count;
  }
}

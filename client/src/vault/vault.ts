import type { KeyObject } from 'node:crypto';
import type { MasterKey } from '@sdp/shared/crypto';
import type { Canonicalizer, HashToken, PlainValue, Token } from '@sdp/shared/tokenization';
import type { SealedAuditHead } from './state.ts';
import type { VaultStats } from './stats.ts';
import type { VerifyProgress, VerifyReport } from './verify-report.ts';

export interface OpenVaultOptions {
  readonly path: string;
  readonly masterKey: MasterKey;
  /** Makes the vault if there is none. */
  readonly create?: boolean;
  /** Nothing can be tokenized; needs no right to write. */
  readonly readOnly?: boolean;
}

/** What an authenticated document is; each kind has a key of its own. */
export type AuthenticationLabel = 'manifest' | 'receipt';

/**
 * How a namespace is used. A namespace keeps the kind and the canonicalizer of its first use for life; an expiry given
 * later replaces the one before. Using it otherwise is a {@link VaultError} `namespace-mismatch`.
 */
export interface NamespaceOptions {
  /** The token is made over this form of the value; the spelling that came first is stored. */
  readonly canonical?: Canonicalizer;
  /** Values that nobody tokenizes for so many days can be swept. */
  readonly expiresDays?: number;
}

/** The surrogate that is proposed for a value; the same for the same arguments, spread over as many texts as there are. */
export type SurrogateCandidate = (value: string, attempt: number) => string;

/** Keyed functions of one namespace, derived from a key of the vault that no command changes. */
export interface NamespaceKeys {
  /** HMAC-SHA-256 as 64 hex digits; each label has a function of its own. */
  hash(label: string, value: string): string;
  /** An AES-256 key for format-preserving encryption. */
  fpe(): KeyObject;
}

/**
 * Keeps values sealed and gives a token for each. All of its functions but those that return a promise are synchronous;
 * sealing and writing happen in a worker thread behind {@link Vault.tokenizer}.
 */
export interface Vault {
  /** Random, fixed when the vault was made. */
  readonly id: string;
  /** Another one after tokens were changed or entries given up: what was made before then no longer fits this vault. */
  readonly generation: string;
  /** Fingerprints of the present master key and of those before it. Never to leave the machine. */
  keyFingerprints(): string[];
  /** What is still to be done since a master key of the vault became known to others, in its order. */
  pendingAfterLeak(): readonly ('rekey' | 'retoken')[];

  /**
   * A function from values to their tokens that stores what it has not seen before. Await {@link drain} every few
   * thousand values and {@link flush} before the tokens are used.
   *
   * The function returns the empty string for an empty value.
   * @throws {InputError} `csv-encoding` for a value that isn't well-formed Unicode
   */
  tokenizer(namespace: string, options?: NamespaceOptions): (value: string) => Token;
  /** A new random token for each call, stored like any other. Await {@link drain} and {@link flush} as with {@link tokenizer}. */
  randomTokenizer(namespace: string, options?: NamespaceOptions): (value: string) => Token;
  /**
   * A function from values to surrogates: texts of a form that `candidate` proposes, the same for the same value, never the
   * same for two. `candidate` gives the proposal of an attempt (0, 1, …); the first that no other value holds is taken.
   * A surrogate whose value was erased is never given to another one.
   *
   * @throws {VaultError} `surrogates-exhausted` from the function, when no proposal was free
   */
  surrogates(namespace: string, candidate: SurrogateCandidate, options?: NamespaceOptions): (value: string) => string;
  /** Resolves when the work that waits for the worker is under its bound. @throws what {@link flush} throws */
  drain(): Promise<void>;
  /**
   * Resolves when everything tokenized so far is on the disk: from then on neither a crash nor a power cut loses it.
   * @throws {VaultError} `token-collision`, `key-exhausted`, `vault-unusable`
   * @throws {IntegrityError} `vault-tampered`
   */
  flush(): Promise<void>;

  /** Irreversible: stores nothing. */
  hasher(namespace: string): (value: string) => HashToken;
  /** The token that {@link tokenizer} would give, without storing the value. */
  tokenOf(namespace: string, canonical?: Canonicalizer): (value: string) => Token;
  /** Keys of methods that store nothing, bound to the namespace. They stay when keys or tokens of the vault change. */
  keyed(namespace: string): NamespaceKeys;
  /** A function from tokens to their values; `undefined` for a token that isn't there (or not yet flushed). */
  revealer(namespaces?: readonly string[]): (token: string) => PlainValue | undefined;
  /** As {@link revealer}, for the surrogates of one namespace. */
  surrogateRevealer(namespace: string): (surrogate: string) => PlainValue | undefined;
  /**
   * Cells that this run tokenized in the namespace and whose spelling isn't the one that is stored: with a canonicalizer
   * the vault keeps the first spelling of a value. Counted up to the last {@link flush}.
   */
  spellings(namespace: string): number;
  /** Which of the tokens are in the vault; `false` as well for text that is no token. */
  contains(namespace: string, tokens: readonly string[]): boolean[];

  /** HMAC-SHA-256 in hex under the label's key. */
  authenticate(label: AuthenticationLabel, bytes: Uint8Array | string): string;
  /** Where the log of reveals ended when the vault was last told. @throws {IntegrityError} `vault-tampered` */
  auditHead(): SealedAuditHead | undefined;
  /** Seals where the log ends with the vault's state. @returns whether the vault could be written */
  rememberAuditHead(head: SealedAuditHead): boolean;
  stats(): VaultStats;
  /** Reads everything there is and reports all damage. */
  verify(onProgress?: (progress: VerifyProgress) => void, signal?: AbortSignal): Promise<VerifyReport>;
  /** Flushes, stops the worker and closes the file. A second call does nothing. */
  close(): Promise<void>;
}

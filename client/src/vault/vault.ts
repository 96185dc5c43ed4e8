import type { MasterKey } from '@sdp/shared/crypto';
import type { HashToken, PlainValue, Token } from '@sdp/shared/tokenization';
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
 * Keeps values sealed and gives a token for each. All of its functions but those that return a promise are synchronous;
 * sealing and writing happen in a worker thread behind {@link Vault.tokenizer}.
 */
export interface Vault {
  /** Random, fixed when the vault was made. */
  readonly id: string;
  /** Fingerprints of the present master key and of those before it. Never to leave the machine. */
  keyFingerprints(): string[];

  /**
   * A function from values to their tokens that stores what it has not seen before. Await {@link drain} every few
   * thousand values and {@link flush} before the tokens are used.
   *
   * The function returns the empty string for an empty value.
   * @throws {InputError} `csv-encoding` for a value that isn't well-formed Unicode
   */
  tokenizer(namespace: string): (value: string) => Token;
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
  tokenOf(namespace: string): (value: string) => Token;
  /** A function from tokens to their values; `undefined` for a token that isn't there (or not yet flushed). */
  revealer(namespaces?: readonly string[]): (token: string) => PlainValue | undefined;
  /** Which of the tokens are in the vault; `false` as well for text that is no token. */
  contains(namespace: string, tokens: readonly string[]): boolean[];

  /** HMAC-SHA-256 in hex under the label's key. */
  authenticate(label: AuthenticationLabel, bytes: Uint8Array | string): string;
  stats(): VaultStats;
  /** Reads everything there is and reports all damage. */
  verify(onProgress?: (progress: VerifyProgress) => void, signal?: AbortSignal): Promise<VerifyReport>;
  /** Flushes, stops the worker and closes the file. A second call does nothing. */
  close(): Promise<void>;
}

import type { RetryOptions } from '../../upload/retry-policy.ts';

/** A service that keeps a key and wraps other keys with it, so that the key itself never leaves the service. */
export interface KeyService {
  /**
   * @param context what the wrapped key belongs to; needed again to unwrap it, and no secret
   * @returns text as the service gave it
   * @throws {ConfigError} `key-locked` when the service refuses, `key-source-invalid`
   * @throws {UnavailableError} `kms-unavailable`
   */
  wrap(plaintext: Uint8Array, context: string): Promise<string>;
  unwrap(ciphertext: string, context: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface KeyServiceTuning {
  readonly retry?: RetryOptions;
  readonly timeoutMs?: number;
}

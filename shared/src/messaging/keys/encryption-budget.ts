import { maxEncryptionsPerKey } from '../../crypto/index.ts';
import { ConfigError } from '../../errors/index.ts';
import { assertCap } from './message-key.ts';

/**
 * Counts what keys seal, over all processes that share them and over restarts. Encryptions are reserved in blocks
 * beforehand: what a crash leaves unused counts as used.
 */
export interface KeyUsage {
  /** Adds `count`, durably, and resolves to the sum of all that was ever reserved under the key. */
  reserve(keyId: string, count: number): Promise<number>;
}

export interface EncryptionBudgetOptions {
  /** At most, and by default, 2^32 (NIST SP 800-38D, 8.3, random nonces). */
  readonly cap?: number;
  /** Share of the cap from which `onNearCap` is called; 0.8 where left out. */
  readonly warnAt?: number;
  /** Where left out the count is this process's alone: lower the cap by the number of processes and restarts. */
  readonly usage?: KeyUsage;
  /** Called once per key. */
  readonly onNearCap?: (key: { readonly keyId: string; readonly sealed: number; readonly cap: number }) => void;
}

const blockSize = 65_536;

/** Keeps every key below its cap. */
export class EncryptionBudget {
  readonly #cap: number;
  readonly #options: EncryptionBudgetOptions;
  readonly #usage: KeyUsage;
  readonly #left = new Map<string, number>();
  readonly #warned = new Set<string>();

  constructor(options: EncryptionBudgetOptions = {}) {
    this.#options = options;
    this.#cap = options.cap ?? maxEncryptionsPerKey;
    assertCap(this.#cap);
    this.#usage = options.usage ?? new UsageInMemory();
  }

  /**
   * Takes `count` encryptions from the key's budget.
   *
   * @throws {ConfigError} `message-key-exhausted`
   */
  async take(keyId: string, count: number): Promise<void> {
    while (!this.#takeLeft(keyId, count)) await this.#reserve(keyId, Math.max(count, Math.min(blockSize, this.#cap)));
  }

  #takeLeft(keyId: string, count: number): boolean {
    const left = this.#left.get(keyId) ?? 0;
    if (left < count) return false;
    this.#left.set(keyId, left - count);
    return true;
  }

  async #reserve(keyId: string, count: number): Promise<void> {
    const before = this.#left.get(keyId) ?? 0;
    const sum = await this.#usage.reserve(keyId, count);
    // The last block may be cut short by the cap.
    const granted = Math.min(count, this.#cap - (sum - count));
    if (granted <= 0 && (this.#left.get(keyId) ?? 0) <= before) throw new ConfigError('message-key-exhausted');
    this.#left.set(keyId, (this.#left.get(keyId) ?? 0) + Math.max(0, granted));
    const { warnAt = 0.8, onNearCap } = this.#options;
    if (sum < this.#cap * warnAt || this.#warned.has(keyId)) return;
    this.#warned.add(keyId);
    onNearCap?.({ keyId, sealed: Math.min(sum, this.#cap), cap: this.#cap });
  }
}

class UsageInMemory implements KeyUsage {
  readonly #sums = new Map<string, number>();

  async reserve(keyId: string, count: number): Promise<number> {
    const sum = (this.#sums.get(keyId) ?? 0) + count;
    this.#sums.set(keyId, sum);
    return sum;
  }
}

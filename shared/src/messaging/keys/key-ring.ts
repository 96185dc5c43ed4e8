import { createPublicKey, type KeyObject } from 'node:crypto';
import { generateKey, type KeyedPartsDigest, keyedDigestOfParts } from '../../crypto/index.ts';
import { ConfigError } from '../../errors/index.ts';
import {
  type EnvelopeKeys,
  type EnvelopeSealer,
  type EnvelopeSigner,
  type EnvelopeVerifier,
  messageMac,
} from '../envelope/index.ts';
import { EncryptionBudget, type EncryptionBudgetOptions } from './encryption-budget.ts';
import {
  assertEd25519,
  assertSecret,
  type EncryptionKey,
  invalidKey,
  type KeyState,
  type SigningKey,
  type VerificationKey,
} from './message-key.ts';

export interface KeyRingOptions {
  /** Who signs with the keys of this ring. */
  readonly party: string;
  /** At most one is active; without one the ring only reads. */
  readonly encryption: readonly EncryptionKey[];
  readonly signing?: readonly SigningKey[];
  readonly others?: readonly VerificationKey[];
  readonly budget?: EncryptionBudgetOptions;
  /**
   * Under which contents are digested that are remembered to tell a repeated event from a reused id. Give one that stays,
   * where digests are stored; a random one serves for a process.
   */
  readonly digestKey?: KeyObject;
}

/** What may be shown of a key. */
export interface KeyListing {
  readonly id: string;
  readonly use: 'encryption' | 'signing' | 'verification';
  readonly state: KeyState;
  readonly party?: string;
}

interface SigningEntry {
  state: KeyState;
  readonly use: 'signing' | 'verification';
  readonly signer?: EnvelopeSigner;
  readonly verifier: EnvelopeVerifier;
}

/** The keys of one party by their ids. Keys can't be had back from it, nor seen by inspecting it. */
export class KeyRing implements EnvelopeKeys {
  readonly party: string;
  /** Whether digests of contents mean the same to another process, and after a restart. */
  readonly hasLastingDigests: boolean;
  readonly #encryption = new Map<string, { readonly key: KeyObject; state: KeyState }>();
  readonly #signing = new Map<string, SigningEntry>();
  readonly #budget: EncryptionBudget;
  readonly #digest: KeyedPartsDigest;

  /** @throws {ConfigError} `message-key-invalid` for an id given twice, two active keys, or a key of another size or kind */
  constructor(options: KeyRingOptions) {
    this.party = options.party;
    this.hasLastingDigests = options.digestKey !== undefined;
    this.#budget = new EncryptionBudget(options.budget);
    this.#digest = keyedDigestOfParts(options.digestKey ?? generateKey(), 'sdp-message-content-v1');
    for (const key of options.encryption) this.#addEncryption(key);
    for (const key of options.signing ?? []) this.#addSigning(key);
    for (const key of options.others ?? []) this.#addOther(key);
    for (const keys of [this.#encryption, this.#signing]) {
      const active = [...keys.values()].filter(({ state }) => state === 'active');
      if (active.length > 1) throw invalidKey('More than one key of a kind is active');
    }
  }

  /**
   * What seals the next `count` messages.
   *
   * @throws {ConfigError} `message-key-missing` without an active key of each kind; `message-key-exhausted` at the cap
   */
  async sealer(count = 1): Promise<EnvelopeSealer> {
    const [keyId, entry] = activeOf(this.#encryption);
    const [, { signer }] = activeOf(this.#signing);
    if (signer === undefined) throw new ConfigError('message-key-missing');
    await this.#budget.take(keyId, count);
    return { keyId, key: entry.key, signer };
  }

  verifier(signingKeyId: string): EnvelopeVerifier | undefined {
    const entry = this.#signing.get(signingKeyId);
    return entry === undefined || entry.state === 'retired' ? undefined : entry.verifier;
  }

  decryptionKey(keyId: string): KeyObject | undefined {
    const entry = this.#encryption.get(keyId);
    return entry === undefined || entry.state === 'retired' ? undefined : entry.key;
  }

  /** HMAC-SHA-256 of a content, in hex, under the ring's digest key; parts count as one behind the other. */
  contentDigest(...parts: readonly Uint8Array[]): string {
    return this.#digest.hex(...parts);
  }

  /** Seals with the new key from now on; the one before stays readable. @throws {ConfigError} `message-key-invalid` */
  rotateEncryption(key: Omit<EncryptionKey, 'state'>): void {
    this.#addEncryption({ ...key, state: 'readable' });
    activate(this.#encryption, key.id);
  }

  /** Signs with the new key from now on; messages signed with the one before are still taken. @throws as above */
  rotateSigning(key: SigningKey extends infer K ? (K extends SigningKey ? Omit<K, 'state'> : never) : never): void {
    this.#addSigning({ ...key, state: 'readable' } as SigningKey);
    activate(this.#signing, key.id);
  }

  /** Nothing is opened or taken under this key any more. @throws {ConfigError} `message-key-invalid` if it is active or unknown */
  retire(id: string): void {
    const entries = [this.#encryption.get(id), this.#signing.get(id)].filter((entry) => entry !== undefined);
    if (entries.length === 0) throw invalidKey('There is no such key in the ring');
    if (entries.some(({ state }) => state === 'active'))
      throw invalidKey('An active key can be retired only once another is active');
    for (const entry of entries) entry.state = 'retired';
  }

  list(): readonly KeyListing[] {
    const encryption = [...this.#encryption].map(([id, { state }]) => ({ id, use: 'encryption' as const, state }));
    const signing = [...this.#signing].map(([id, { use, state, verifier }]) => ({
      id,
      use,
      state,
      party: verifier.party,
    }));
    return [...encryption, ...signing];
  }

  #addEncryption({ id, key, state }: EncryptionKey): void {
    assertSecret(id, key);
    assertNew(this.#encryption, id);
    this.#encryption.set(id, { key, state });
  }

  #addSigning(key: SigningKey): void {
    const { id, state } = key;
    assertNew(this.#signing, id);
    const { party } = this;
    if ('secret' in key) {
      assertSecret(id, key.secret);
      const mac = messageMac(key.secret);
      this.#signing.set(id, { state, use: 'signing', signer: { keyId: id, mac }, verifier: { mac, party } });
      return;
    }
    const { privateKey } = key;
    assertEd25519(id, privateKey, 'private');
    const verifier = { publicKey: createPublicKey(privateKey), party };
    this.#signing.set(id, { state, use: 'signing', signer: { keyId: id, privateKey }, verifier });
  }

  #addOther(key: VerificationKey): void {
    const { id, state, party } = key;
    assertNew(this.#signing, id);
    if ('secret' in key) assertSecret(id, key.secret);
    else assertEd25519(id, key.publicKey, 'public');
    const verifier = 'secret' in key ? { mac: messageMac(key.secret), party } : { publicKey: key.publicKey, party };
    this.#signing.set(id, { state, use: 'verification', verifier });
  }
}

function activeOf<E extends { readonly state: KeyState }>(entries: ReadonlyMap<string, E>): [string, E] {
  for (const entry of entries) {
    if (entry[1].state === 'active') return entry;
  }
  throw new ConfigError('message-key-missing');
}

function activate(entries: ReadonlyMap<string, { state: KeyState }>, id: string): void {
  for (const [each, entry] of entries) {
    if (each === id) entry.state = 'active';
    else if (entry.state === 'active') entry.state = 'readable';
  }
}

function assertNew(entries: ReadonlyMap<string, unknown>, id: string): void {
  if (entries.has(id)) throw invalidKey('A key id stands in the ring twice');
}

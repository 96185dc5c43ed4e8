export { type DerivedKeysOptions, deriveMessageKeys } from './derived-keys.ts';
export type { EncryptionBudgetOptions, KeyUsage } from './encryption-budget.ts';
export { type GivenKeys, parseGivenKeys } from './given-keys.ts';
export { type KeyListing, KeyRing, type KeyRingOptions } from './key-ring.ts';
export type { EncryptionKey, KeyState, SigningKey, VerificationKey } from './message-key.ts';

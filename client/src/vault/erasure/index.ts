export { checkCertificate, type ErasureCertificate } from './certificate.ts';
export type { VaultPlace } from './clear-leftovers.ts';
export type { EntrySelection } from './find-entries.ts';
export { countForgettable, type ForgetOutcome, forgetEntries } from './forget.ts';
export { type SweepOutcome, type SweepRequest, sweepVault } from './sweep.ts';

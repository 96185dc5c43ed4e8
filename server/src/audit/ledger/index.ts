export { fileAnchor } from './anchors/file-anchor.ts';
export type { AnchoredHeads, HeadAnchor } from './anchors/head-anchor.ts';
export { exportLedger } from './export-ledger.ts';
export { type Ed25519Key, isSignedStatement, type LedgerKey, ledgerKeyOf } from './ledger-key.ts';
export { type ChangeKind, changeKinds, type LedgerFinding, type LedgerReport } from './ledger-report.ts';
export { headOver, lastHead, leafAt, subtreeReader } from './ledger-store.ts';
export { type Sequencer, type SequencerState, startSequencer } from './sequencer.ts';
export { type SignedHead, signedHeadSchema } from './signed-head.ts';
export { verifyLedger } from './verify-ledger.ts';

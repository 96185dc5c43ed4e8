export { type ColumnScanner, createColumnScanner } from './column-scanner.ts';
export { type ColumnFinding, type LocatedFinding, type PiiFinding, type PiiKind, piiKinds } from './finding.ts';
export { isPaymentCardNumber } from './payment-card.ts';
export { scanAll, scanCell } from './scan.ts';

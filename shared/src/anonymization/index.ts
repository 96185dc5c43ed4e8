export { ColumnEncoder, type EncodedColumn, type ValueKind } from './encoded-column.ts';
export * from './full-domain/index.ts';
export { generalize } from './generalized-value.ts';
export * from './hierarchies/index.ts';
export { type AnonymizationOptions, anonymize, anonymizeInSteps } from './k-anonymity.ts';
export * from './models/index.ts';
export { type Partition, partitionByMondrian } from './mondrian/index.ts';
export { type Anonymization, type ReleasedClass, suppressedValue } from './release.ts';
export * from './report/index.ts';

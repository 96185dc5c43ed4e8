export { ColumnEncoder, type EncodedColumn, type ValueKind } from './encoded-column.ts';
export { generalize } from './generalized-value.ts';
export {
  type Anonymization,
  type AnonymizationOptions,
  anonymize,
  anonymizeInSteps,
  type ReleasedClass,
  suppressedValue,
} from './k-anonymity.ts';
export { type Partition, partitionByMondrian } from './mondrian.ts';

export { type MondrianOptions, type Partition, partitionByMondrian } from './mondrian.ts';

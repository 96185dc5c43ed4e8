export * from './batch.ts';
export * from './batch-received-message.ts';
export * from './health.ts';
export * from './numeric-cell.ts';
export * from './problem.ts';
export * from './processing-type.ts';
export * from './results.ts';
export * from './server-info.ts';

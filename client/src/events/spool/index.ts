export type { InputPosition } from './progress-file.ts';
export type { Reject } from './reject-log.ts';
export { Spool, type SpoolOptions, type SpoolState, type WaitingEvents } from './spool.ts';

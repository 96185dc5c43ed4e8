export { assertProcessed, fetchResults } from './fetch-results.ts';
export { guessJoinKey, isJoinable, type JoinKey, joinKeyOf } from './join-key.ts';
export { mergeResults } from './merge-results.ts';
export { type JoinCounts, ResultSpool } from './result-spool.ts';
export { WholeOutput } from './whole-output.ts';

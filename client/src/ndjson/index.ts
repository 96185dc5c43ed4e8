export { type FoundFields, findFields } from './find-fields.ts';
export { type NdjsonRewriteSummary, type RewriteNdjsonOptions, rewriteNdjson } from './rewrite-ndjson.ts';
export { type ScalarType, scalarTypes } from './scalar-text.ts';
export { type Spelling, spellings } from './string-spelling.ts';

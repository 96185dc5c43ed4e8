import { createHmac, randomBytes } from 'node:crypto';
import type { EncodedColumn } from '@sdp/shared/anonymization';
import type { Manifest } from '../manifest/index.ts';

/** A token or keyed hash, alone, in an e-mail address or amid a text. */
const tokenText = /(?:^|[^0-9a-zA-Z])(?:tok|hsh|rel)_[0-9a-f]{32}(?![0-9a-zA-Z])/;

/** Methods whose results are equal for equal values in every file that shares the key: what files can be joined by. */
const joinable: readonly string[] = ['token', 'random', 'hash', 'email', 'card', 'fpe', 'text'];

/** Names of the columns that were made by such a method, as the file's manifest says. */
export function tokenColumnsOf(manifest: Manifest | undefined): ReadonlySet<string> {
  return new Set((manifest?.columns ?? []).filter(({ method }) => joinable.includes(method)).map(({ name }) => name));
}

/** Whether any value holds what has the shape of a token. */
export function holdsTokens({ texts }: EncodedColumn): boolean {
  return texts.some((text) => tokenText.test(text));
}

/**
 * Gives values new names that are equal for equal values within this release and say nothing outside of it: HMAC-SHA-256
 * under a key that is drawn here and kept nowhere.
 */
export function releaseNames(): (text: string) => string {
  const key = randomBytes(32);
  return (text) => (text === '' ? '' : `rel_${createHmac('sha256', key).update(text).digest('hex').slice(0, 32)}`);
}

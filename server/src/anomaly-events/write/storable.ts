import { createHash } from 'node:crypto';

/** A row of an index holds some 2,700 bytes; several of these have to fit. */
const maxKeyBytes = 512;

/** PostgreSQL takes neither NUL nor half a surrogate pair, and one such event must not stop all others. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{fffd}');
}

/** What stands in an index: longer than usual, its digest stands for it. */
export function storableKey(key: string): string {
  const text = storableText(key);
  if (Buffer.byteLength(text) <= maxKeyBytes) return text;
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** The same for all text in a value of JSON, names of members included. */
export function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(storableJson);
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [storableText(name), storableJson(member)]));
}

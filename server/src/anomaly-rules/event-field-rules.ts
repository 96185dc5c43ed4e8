import type { StreamEvent } from '../detectors/index.ts';

/** What a field of an event may hold. */
export type FieldValue = string | number | boolean;
export type FieldReader = (event: StreamEvent) => FieldValue | undefined;

/** Fields by the names that events have on the wire. */
const plainFields: Readonly<Record<string, FieldReader>> = {
  type: (event) => event.type,
  user_id: (event) => event.userId,
  host: (event) => event.host,
  source: (event) => event.source,
  level: (event) => event.level,
  message: (event) => event.message,
  amount: (event) => event.amount,
  currency: (event) => event.currency,
  merchant: (event) => event.merchant,
  category: (event) => event.category,
  channel: (event) => event.channel,
  country: (event) => event.country,
};

/** Fields that hold entries by name: `metrics.cpu_percent`. */
const namedFields: Readonly<
  Record<string, (event: StreamEvent) => Readonly<Record<string, FieldValue | null>> | undefined>
> = {
  tags: (event) => event.tags,
  attributes: (event) => event.attributes,
  metrics: (event) => event.metrics,
};

export const fieldPattern =
  /^(type|user_id|host|source|level|message|amount|currency|merchant|category|channel|country|(tags|attributes|metrics)\.[A-Za-z_@$][A-Za-z0-9_.:/@$-]{0,63})$/;

/** Reads a field; what an event lacks, or has as null, is undefined. */
export function fieldReader(field: string): FieldReader {
  const plain = Object.hasOwn(plainFields, field) ? plainFields[field] : undefined;
  if (plain !== undefined) return plain;
  const [kind = ''] = field.split('.', 1);
  const entries = namedFields[kind];
  const name = field.slice(kind.length + 1);
  if (entries === undefined) throw new RangeError('there is no such field');
  return (event) => {
    const record = entries(event);
    // A name such as `constructor` is no property of its own.
    return record !== undefined && Object.hasOwn(record, name) ? (record[name] ?? undefined) : undefined;
  };
}

/**
 * Whether findings may name what the field holds: what is a name, a token or a word of a list. Of others a digest stands there,
 * enough to tell groups apart.
 */
export function isNameable(field: string): boolean {
  return field !== 'message' && !field.startsWith('attributes.');
}

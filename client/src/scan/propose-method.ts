import type { ClassifiedColumn, ColumnType } from '@sdp/shared/detection';
import type { ColumnConfig } from '../config/index.ts';

/** How a column may be treated, and what else is worth a thought. */
export interface Proposal {
  readonly config: ColumnConfig;
  /** For people: another choice and when it is better. */
  readonly advice?: string;
}

/** Types whose equal values mean the same person or account, wherever they stand. */
const joinable: ReadonlySet<ColumnType> = new Set<ColumnType>([
  'email',
  'phone',
  'national_id',
  'passport',
  'driving_licence',
  'health_id',
  'payment_card',
  'iban',
  'account_number',
  'username',
  'person_id',
]);

/** Whether columns of this type get one namespace, so that they can be joined. */
export function isJoinable(type: ColumnType): boolean {
  return joinable.has(type);
}

const adviceByType: Readonly<Partial<Record<ColumnType, string>>> = {
  date_of_birth: 'date-shift keeps intervals, bucket with unit: year keeps the age',
  city: 'narrows down to few together with other columns; drop or token it if the server does not need it',
  region: 'narrows down to few together with other columns',
  postal_code: 'narrows down to few; bucket with keep_first: 2 or 3 blurs it',
  age: 'narrows down to few together with other columns; bucket with size: 10 blurs it',
  coordinates: 'a place to a few metres names a house; bucket with size: 0.1 blurs it',
  income: 'sensitive; bucket with size: 10000 blurs it',
  job: 'narrows down to few together with other columns',
  birth_year: 'narrows down to few together with other columns',
  health: 'sensitive: keep it only if the server needs it',
  religion: 'sensitive: keep it only if the server needs it',
  ethnicity: 'sensitive: keep it only if the server needs it',
  political_view: 'sensitive: keep it only if the server needs it',
};

/**
 * What to do with a column. Whatever names a person is replaced so that it can be put back; secrets are not needed back.
 * The rest is kept, since it is what the server computes on, with a word of caution where it narrows down to few.
 *
 * @param namespace of the columns that this one can be joined with, if there are any
 */
export function proposeMethod({ type, class: kindOfData }: ClassifiedColumn, namespace?: string): Proposal {
  const named = namespace === undefined ? {} : { namespace };
  const advice = adviceByType[type];
  const advised = advice === undefined ? {} : { advice };
  if (type === 'password' || type === 'secret' || type === 'card_security_code')
    return { config: { method: 'redact' } };
  if (type === 'email')
    return { config: { method: 'email', ...named }, advice: 'keep_domain: true leaves the provider readable' };
  if (type === 'payment_card') return { config: { method: 'card', ...named, onInvalid: 'token' } };
  if (type === 'person_id') return { config: { method: 'token', ...named } };
  if (kindOfData === 'text') {
    return {
      config: { method: 'text' },
      advice: 'names and addresses inside of texts are not found; drop the column if it may hold them',
    };
  }
  if (kindOfData === 'direct') return { config: { method: 'token', ...named }, ...advised };
  return { config: { method: 'keep' }, ...advised };
}

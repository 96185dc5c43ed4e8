import { allFakers, type Faker } from '@faker-js/faker';
import { classifyTable, type Dictionary, hasHeaderRow } from '@sdp/shared/detection';
import { inventedNames, inventedTypes } from './invented-names.ts';
import { type Score, thisYear } from './labelled-columns.ts';

/** What a column of an invented table holds, by the classes of `sdp scan`. */
export interface InventedColumn {
  readonly name: string;
  readonly direct: boolean;
  readonly type: string;
}

export interface InventedTable {
  readonly locale: string;
  readonly columns: readonly InventedColumn[];
  readonly rows: readonly (readonly string[])[];
}

type Kind = readonly [type: string, direct: boolean, value: (made: Faker, row: Row) => string];

interface Row {
  readonly first: string;
  readonly last: string;
}

const kinds: readonly Kind[] = [
  ['person_id', false, (made) => `K${made.string.numeric(7)}`],
  ['first_name', true, (_made, { first }) => first],
  ['last_name', true, (_made, { last }) => last],
  ['full_name', true, (made) => made.person.fullName()],
  ['street_address', true, (made) => made.location.streetAddress()],
  ['postal_code', false, (made) => made.location.zipCode()],
  ['city', false, (made) => made.location.city()],
  [
    'phone',
    true,
    (made) => made.phone.number({ style: made.helpers.arrayElement(['national', 'human', 'international']) }),
  ],
  ['email', true, (made, { first, last }) => made.internet.email({ firstName: first, lastName: last })],
  ['date_of_birth', true, (made) => made.date.birthdate().toISOString().slice(0, 10)],
  ['gender', false, (made) => made.helpers.arrayElement(['M', 'F'])],
  ['organization', false, (made) => made.company.name()],
  ['date', false, (made) => made.date.recent({ days: 900 }).toISOString().slice(0, 10)],
  ['amount', false, (made) => made.finance.amount()],
  ['category', false, (made) => made.helpers.arrayElement(['basic', 'standard', 'premium', 'gold'])],
  ['iban', true, (made) => made.finance.iban()],
  ['ip_address', true, (made) => made.internet.ipv4()],
  ['product', false, (made) => made.commerce.productName()],
];

/** A table of persons, the same for the same locale and seed. */
export function inventTable(locale: string, rows = 200): InventedTable {
  const list = (inventedNames[locale] ?? '').split(',');
  const names: Readonly<Record<string, string | undefined>> = Object.fromEntries(
    inventedTypes.map((type, index) => [type, list[index]]),
  );
  const made = (allFakers as Readonly<Record<string, Faker>>)[locale];
  if (made === undefined) throw new Error(`there is no locale ${locale}`);
  made.seed(20_260 + locale.charCodeAt(0));
  const usable = kinds.filter(([type, , value]) => {
    if (names[type] === undefined) return false;
    try {
      value(made, { first: 'a', last: 'b' });
      return true;
    } catch {
      return false;
    }
  });
  return {
    locale,
    columns: usable.map(([type, direct]) => ({ name: names[type] as string, direct, type })),
    rows: Array.from({ length: rows }, () => {
      const row: Row = { first: made.person.firstName(), last: made.person.lastName() };
      return usable.map(([, , value]) => value(made, row));
    }),
  };
}

/** How direct identifiers of an invented table are found, and whether its header is. */
export function scoreInvented(
  table: InventedTable,
  dictionary: Dictionary,
  withHeader: boolean,
): Score & { readonly headerRight: boolean } {
  const [first, ...rest] = withHeader ? [table.columns.map(({ name }) => name), ...table.rows] : table.rows;
  const headerRight = hasHeaderRow(first ?? [], rest, dictionary, thisYear) === withHeader;
  const samples = table.columns.map(({ name }, index) => ({
    ...(withHeader ? { name } : {}),
    cells: rest.map((row) => row[index] ?? ''),
  }));
  const score = { found: 0, missed: 0, false: 0 };
  classifyTable(samples, dictionary, thisYear).forEach((column, index) => {
    const direct = table.columns[index]?.direct === true;
    if (column.class === 'direct') score[direct ? 'found' : 'false'] += 1;
    else if (direct) score.missed += 1;
  });
  return { ...score, headerRight };
}

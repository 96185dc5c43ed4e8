/**
 * How a column bears on a person. `direct`: it names or reaches one. `quasi`: it narrows down to a few together with
 * others. `sensitive`: it harms if the person is known. `text`: identifiers may stand inside. `none`: none of these.
 */
export const columnClasses = ['direct', 'quasi', 'sensitive', 'text', 'none'] as const;
export type ColumnClass = (typeof columnClasses)[number];

/** What a column can hold, and the class that follows from it. */
export const columnTypes = {
  first_name: 'direct',
  last_name: 'direct',
  full_name: 'direct',
  email: 'direct',
  phone: 'direct',
  street_address: 'direct',
  date_of_birth: 'direct',
  national_id: 'direct',
  passport: 'direct',
  driving_licence: 'direct',
  health_id: 'direct',
  payment_card: 'direct',
  card_security_code: 'direct',
  iban: 'direct',
  account_number: 'direct',
  licence_plate: 'direct',
  username: 'direct',
  password: 'direct',
  secret: 'direct',
  ip_address: 'direct',
  mac_address: 'direct',
  /** Cells of one column that hold identifiers of different kinds, hardly anything else. */
  several_identifiers: 'direct',
  person_id: 'quasi',
  city: 'quasi',
  region: 'quasi',
  postal_code: 'quasi',
  country: 'quasi',
  coordinates: 'quasi',
  gender: 'quasi',
  age: 'quasi',
  birth_year: 'quasi',
  birth_place: 'quasi',
  nationality: 'quasi',
  marital_status: 'quasi',
  body_measure: 'quasi',
  education: 'quasi',
  job: 'quasi',
  health: 'sensitive',
  income: 'sensitive',
  religion: 'sensitive',
  ethnicity: 'sensitive',
  political_view: 'sensitive',
  free_text: 'text',
  mixed: 'text',
  organization: 'none',
  date: 'none',
  url: 'none',
  amount: 'none',
  boolean: 'none',
  number: 'none',
  category: 'none',
  row_id: 'none',
  empty: 'none',
  other: 'none',
} as const satisfies Readonly<Record<string, ColumnClass>>;

export type ColumnType = keyof typeof columnTypes;

/** The class that a type belongs to. */
export function classOf(type: ColumnType): ColumnClass {
  return columnTypes[type];
}

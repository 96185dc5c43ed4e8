import { creditColumns, creditHistory, withGaps } from './credit-history.ts';
import { fictionalIban, fictionalNationalId, fictionalPhone, testCardNumber } from './identifiers.ts';
import { cities, familyNames, givenNames, oddFamilyNames } from './names.ts';
import { PersonRandom } from './person-random.ts';

/** `minimal` has some 110 bytes a row, for measuring. */
export const columnSets = {
  all: [
    'customer_id',
    'full_name',
    'email',
    'phone',
    'national_id',
    'card_number',
    'iban',
    'date_of_birth',
    'city',
    'postal_code',
    'signup_date',
    ...creditColumns,
  ],
  minimal: ['customer_id', 'full_name', 'email', 'phone', 'national_id', 'card_number', 'signup_date'],
} as const;

export type ColumnSet = keyof typeof columnSets;

export interface RowOptions {
  readonly seed: number;
  /** Different persons; the rows repeat them in turn. Customer ids differ all the same. */
  readonly distinct: number;
  readonly columns: ColumnSet;
}

/** The year that the customers' ages and dates are counted from. */
const presentYear = 2026;

const mailDomains = ['example.com', 'example.org', 'example.net'];

/** Returns a function that makes the CSV line (without its end) of row 0, 1, 2 … */
export function rowMaker({ seed, distinct, columns }: RowOptions): (row: number) => string {
  const random = new PersonRandom();
  const mailNames = new Map([...givenNames, ...familyNames, ...oddFamilyNames].map((name) => [name, asciiName(name)]));
  return (row) => {
    const person = row % distinct;
    random.restart(seed, person, 0x01);
    const given = random.pick(givenNames);
    const family = random.share() < 0.04 ? random.pick(oddFamilyNames) : random.pick(familyNames);
    const name = writtenName(given, family, random);
    const mail = `${mailNames.get(given)}.${mailNames.get(family)}.${person}@${random.pick(mailDomains)}`;
    const age = Math.min(79, 21 + Math.floor((random.share() + random.share()) * 24 * (0.6 + random.share())));
    const head = `C${String(row + 1).padStart(7, '0')},${name},${mail},${fictionalPhone(person)}`;
    const numbers = `${fictionalNationalId(person)},${testCardNumber(person)}`;
    const birth = dateIn(presentYear - 1 - age, random);
    const [city, postalShape] = random.pick(cities);
    const postalCode = fillShape(postalShape, random);
    const signup = dateIn(presentYear - 1 - random.below(Math.min(12, age - 17)), random);
    if (columns === 'minimal') return `${head},${numbers},${signup}`;
    const place = `${quoted(writtenCity(city, random))},${postalCode}`;
    const identity = `${head},${numbers},${fictionalIban(person)},${birth},${place},${signup}`;
    return `${identity},${withGaps(creditHistory(random, age), random)}`;
  };
}

/** Mostly `Given Family`; now and then `Family, Given`, a nickname in quotes or a second given name. */
function writtenName(given: string, family: string, random: PersonRandom): string {
  const style = random.share();
  if (style > 0.1) return `${given} ${family}`;
  if (style > 0.07) return quoted(`${family}, ${given}`);
  if (style > 0.05) return quoted(`${given} "${random.pick(givenNames)}" ${family}`);
  return `${given} ${random.pick(givenNames)} ${family}`;
}

/** One in 200 was entered in two lines. */
function writtenCity(city: string, random: PersonRandom): string {
  return random.share() < 0.005 ? `${city}\n(new address)` : city;
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function dateIn(year: number, random: PersonRandom): string {
  const month = 1 + random.below(12);
  const day = 1 + random.below(28);
  return `${year}-${month < 10 ? '0' : ''}${month}-${day < 10 ? '0' : ''}${day}`;
}

function fillShape(shape: string, random: PersonRandom): string {
  let text = '';
  for (const sign of shape) {
    if (sign === '#') text += random.below(10);
    else text += sign === '@' ? String.fromCharCode(65 + random.below(26)) : sign;
  }
  return text;
}

/** Letters that don't come apart into a base letter and an accent. */
const plainLetters: Readonly<Record<string, string>> = { ø: 'o', ß: 'ss', ı: 'i', ł: 'l' };

function asciiName(name: string): string {
  const base = name.toLowerCase().normalize('NFD');
  return base.replaceAll(/[øßıł]/g, (letter) => plainLetters[letter] ?? '').replaceAll(/[^a-z]/g, '');
}

import { type ColumnType, classOf } from './column-type.ts';
import { type ColumnView, type Judgement, percent } from './column-view.ts';
import { foldText } from './fold-word.ts';
import { agrees, supportOf } from './named-agreement.ts';
import * as shapes from './value-shapes.ts';

/** The column's name, if its values agree. */
export function judgeNamed(view: ColumnView): Judgement | undefined {
  const { reading, facts, names } = view;
  const said = reading.type;
  if (said === undefined || reading.about) return undefined;
  const type =
    said === 'name'
      ? resolveName(view)
      : said === 'address'
        ? resolveAddress(view)
        : said === 'identity_number'
          ? 'national_id'
          : said === 'phone' && isPostal(view)
            ? 'postal_code'
            : said;
  if (type === undefined || !agrees(type, view)) return undefined;
  const support = supportOf(type, view);
  if (reading.strength === 'part' && classOf(type) === 'direct' && support < 0.15 && facts.values.length > 3)
    return undefined;
  if (type === 'category' || type === 'row_id' || type === 'number' || type === 'boolean') return undefined;
  const evidence = ['the name says so'];
  if (support > 0) evidence.push(`${percent(support)} of the values look like it`);
  // The name of a column of a person's ids says little where the values are names.
  if (type === 'person_id' && names.first + names.full > 0.5 && facts.withDigits < 0.2) return undefined;
  return { type, confidence: Math.min(0.99, (reading.strength === 'exact' ? 0.75 : 0.55) + 0.25 * support), evidence };
}

/** `CEP` is a postal code in Portuguese and short for a mobile telephone in Turkish. */
function isPostal({ facts, name }: ColumnView): boolean {
  const distinct = facts.share(shapes.isDistinctPostalCode);
  return (
    name !== undefined &&
    foldText(name).trim() === 'cep' &&
    distinct >= 0.2 &&
    facts.share((value) => /^\d{8}$/.test(value)) + distinct >= 0.9
  );
}

function resolveName({ facts, names, reading }: ColumnView): ColumnType | undefined {
  if (facts.withLetters < 0.5 || facts.meanWords > 6) return undefined;
  // Parties of transactions under codes: the "name" is that of an account.
  if (facts.uniqueness > 0.8 && facts.share((value) => /^\p{Lu}{1,4}[-_]?\d{5,}$/u.test(value)) > 0.8)
    return 'account_number';
  if (facts.withDigits > 0.3) return undefined;
  const evidence = Math.max(names.first, names.last, names.full);
  if (reading.strength === 'part' && evidence < 0.15) return undefined;
  if (evidence < 0.1 && facts.values.length < 12 && facts.uniqueness < 0.3) return undefined;
  if (names.nameLike < 0.5) return undefined;
  // Lists of countries, states and towns call their names so as well.
  const places: readonly (readonly [ColumnType, number])[] = [
    ['country', names.country],
    ['region', names.region],
    ['city', names.city],
  ];
  const place = places.find(([, share]) => share >= 0.6 && share > evidence);
  if (place !== undefined) return place[0];
  if (names.several > 0.5 || names.full > 0.5) return 'full_name';
  return names.last > names.first * 1.3 ? 'last_name' : 'first_name';
}

function resolveAddress(view: ColumnView): ColumnType | undefined {
  const { facts, reading } = view;
  if (facts.share(shapes.isEmailCell) > 0.5) return 'email';
  const support = supportOf('street_address', view);
  const likely = support > 0.05 || facts.meanWords >= 1.5 || facts.values.length < 5;
  return (reading.strength === 'exact' && likely) || support > 0.2 ? 'street_address' : undefined;
}

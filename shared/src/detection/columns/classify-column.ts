import { findIdentifiers, identifierKinds } from '../identifiers/index.ts';
import { scanAll } from '../scan.ts';
import { type ColumnSample, factsOf, type SampleFacts } from './column-sample.ts';
import { type ColumnType, classOf } from './column-type.ts';
import type { Dictionary } from './dictionary.ts';
import { judgeKinds, type KindShare, showsKind, typeOfKind } from './judge-identifiers.ts';
import { judgeNames, type NameShares } from './judge-names.ts';
import { type NameReading, readColumnName } from './read-column-name.ts';
import * as shapes from './value-shapes.ts';

/** All that is known of a column, before its neighbours are looked at. */
export interface ColumnView {
  readonly name?: string;
  readonly reading: NameReading;
  readonly cells: readonly string[];
  readonly facts: SampleFacts;
  readonly names: NameShares;
  readonly kinds: readonly KindShare[];
  /** Years, where most values are calendar dates. */
  readonly years: readonly number[] | undefined;
}

/** What a column was taken for, and why. */
export interface Judgement {
  readonly type: ColumnType;
  /** Name of the kind of identifier, where one was recognized. */
  readonly kind?: string;
  /** From 0 to 1. */
  readonly confidence: number;
  /** Reasons for people; they never hold a value. */
  readonly evidence: readonly string[];
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Looks at a column from every side. */
export function viewColumn({ name, cells }: ColumnSample, dictionary: Dictionary, thisYear: number): ColumnView {
  const facts = factsOf(cells);
  const years = facts.values.flatMap((value) => shapes.yearOfDate(value, thisYear) ?? []);
  return {
    ...(name === undefined ? {} : { name }),
    reading: name === undefined ? { strength: 'none' } : readColumnName(name),
    cells,
    facts,
    names: judgeNames(facts, dictionary),
    kinds: judgeKinds(facts),
    years: years.length >= Math.max(1, facts.values.length * 0.8) ? years : undefined,
  };
}

/** Judges a column by its name and its values. */
export function judgeColumn(view: ColumnView): Judgement {
  const { facts, reading } = view;
  if (facts.filled === 0) return emptyJudgement(view);
  const shown = judgeShown(view);
  if (shown !== undefined) return shown;
  const named = judgeNamed(view);
  if (named !== undefined) {
    const kindOfData = classOf(named.type);
    // A city with an e-mail address in it is more than a city.
    const inside = kindOfData === 'direct' || kindOfData === 'text' ? undefined : embedded(view, true);
    return inside ?? named;
  }
  return judgeValues(view, reading);
}

function emptyJudgement({ reading }: ColumnView): Judgement {
  const type = reading.type;
  if (
    type !== undefined &&
    !reading.about &&
    type !== 'name' &&
    type !== 'address' &&
    type !== 'identity_number' &&
    classOf(type) === 'direct'
  ) {
    return { type, confidence: 0.5, evidence: ['the name says so; no cell of the sample is filled'] };
  }
  return { type: 'empty', confidence: 1, evidence: ['no cell of the sample is filled'] };
}

/** Values that say what they are, whatever the column is called. */
function judgeShown(view: ColumnView): Judgement | undefined {
  const { facts, kinds, reading } = view;
  const forms: readonly (readonly [ColumnType, (value: string) => boolean, string])[] = [
    ['email', shapes.isEmailCell, 'are e-mail addresses'],
    [
      'secret',
      (value) => shapes.secret.test(value) || shapes.urlWithCredentials.test(value),
      'are keys, digests of passwords or URLs with a password',
    ],
    ['mac_address', (value) => shapes.mac.test(value), 'are hardware addresses'],
    [
      'ip_address',
      (value) => shapes.ipv4.test(value) || (shapes.ipv6.test(value) && /[0-9a-f]/i.test(value)),
      'are IP addresses',
    ],
    ['url', (value) => shapes.url.test(value), 'are web addresses'],
  ];
  for (const [type, fits, text] of forms) {
    const share = facts.share(fits);
    if (share >= 0.7 && !(type === 'ip_address' && view.years !== undefined)) {
      const final = type === 'secret' && reading.type === 'password' ? 'password' : type;
      return { type: final, confidence: 0.7 + 0.3 * share, evidence: [`${percent(share)} of the values ${text}`] };
    }
  }
  const announced = (kind: KindShare) => view.name !== undefined && kind.kind.announcedBy(view.name);
  const shown = kinds
    .filter(
      (kind) =>
        showsKind(kind) || (announced(kind) && kind.fitting >= 0.5 && (kind.proven >= 0.3 || !kind.kind.checksum)),
    )
    // A date or a decimal number is none, whatever its digits pass.
    .filter((kind) => view.years === undefined || kind.kind.distinct)
    .sort(
      (a, b) => Number(announced(b)) - Number(announced(a)) || b.proven - a.proven || a.kind.chance - b.kind.chance,
    );
  const best = shown[0];
  if (best === undefined) return undefined;
  const type = typeOfKind(best.kind.kind);
  const about = best.kind.checksum
    ? `${percent(best.proven)} of the values pass the checksum of`
    : `${percent(best.fitting)} of the values have the form of`;
  // A name that says another direct identifier is believed: a customer's phone may pass as something else.
  if (!announced(best) && !best.kind.distinct && contradicts(reading, type)) return undefined;
  return {
    type,
    kind: best.kind.kind,
    confidence: announced(best) ? 0.99 : 0.9,
    evidence: [`${about}: ${best.kind.label}`, ...(announced(best) ? ['the name announces it'] : [])],
  };
}

function contradicts({ type, strength }: NameReading, shown: ColumnType): boolean {
  if (type === undefined || strength !== 'exact') return false;
  return (
    type !== shown && (type === 'phone' || type === 'postal_code' || type === 'amount' || type === 'date_of_birth')
  );
}

/** The column's name, if its values agree. */
function judgeNamed(view: ColumnView): Judgement | undefined {
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
  return reading.strength === 'exact' || supportOf('street_address', view) > 0.2 ? 'street_address' : undefined;
}

/** Whether the values can be what the name says at all. */
function agrees(type: ColumnType, { facts, names, years }: ColumnView): boolean {
  const flags =
    facts.values.length <= 4 &&
    facts.share((value) => /^(?:yes|no|y|n|true|false|0|1|ja|nein|oui|non|si|sim|nao|t|f|-1|x)$/i.test(value)) > 0.9;
  const decimals = facts.share((value) => /^[+-]?\d+[.,]\d+$/.test(value) && !/[.,]0$/.test(value)) > 0.5;
  switch (type) {
    case 'first_name':
    case 'last_name':
    case 'full_name':
      return (
        facts.withLetters > 0.6 &&
        facts.withDigits < 0.5 &&
        facts.meanWords < 7 &&
        !flags &&
        facts.meanLength < 60 &&
        names.nameLike > 0.3
      );
    case 'phone':
      return (
        !flags &&
        !decimals &&
        years === undefined &&
        facts.share((value) => (value.match(/\p{N}/gu) ?? []).length >= 4 && !/\p{L}{4,}/u.test(value)) > 0.5
      );
    case 'email':
      return !flags && facts.share((value) => value.includes('@')) > 0.2;
    case 'street_address':
      return !flags && !decimals && facts.meanLength < 200;
    case 'date_of_birth':
      return !flags && facts.share((value) => /\p{N}/u.test(value) && value.length >= 6) > 0.7 && !decimals;
    case 'national_id':
    case 'health_id':
    case 'passport':
    case 'driving_licence':
    case 'payment_card':
    case 'account_number':
    case 'iban':
      return (
        !flags &&
        !decimals &&
        facts.share((value) => (value.match(/\p{N}/gu) ?? []).length >= 4 && value.length <= 60) > 0.5
      );
    case 'licence_plate':
      return !flags && facts.share((value) => /\p{N}/u.test(value) && value.length <= 20) > 0.5;
    case 'card_security_code':
      return facts.share((value) => /^\d{3,8}$/.test(value)) > 0.8;
    case 'username':
      return !flags && facts.uniqueness > 0.3 && facts.meanWords < 5 && facts.meanLength < 60;
    case 'password':
    case 'secret':
      return !flags && facts.meanLength >= 3;
    case 'ip_address':
      return facts.share((value) => shapes.ipv4.test(value) || shapes.ipv6.test(value)) > 0.3;
    case 'mac_address':
      return !flags && facts.withDigits > 0.5 && facts.meanLength >= 8 && !decimals;
    case 'person_id':
      return !flags && !decimals && facts.meanWords < 7;
    case 'city':
    case 'region':
    case 'country':
    case 'nationality':
    case 'birth_place':
      return !flags && !decimals && facts.meanLength < 60 && (facts.withLetters > 0.5 || facts.values.length <= 100);
    case 'postal_code':
      return (
        !flags && !decimals && facts.share((value) => value.length >= 3 && value.length <= 12 && /\d/.test(value)) > 0.6
      );
    case 'coordinates':
      return facts.numbers > 0.7 || facts.share((value) => /^[-+\d.,°'"\sNSEWO]+$/.test(value)) > 0.7;
    case 'age':
      return (
        facts.share((value) => value.length <= 12 && /\p{N}/u.test(value)) > 0.8 &&
        facts.share((value) => Number(value) > 130) < 0.05
      );
    case 'birth_year':
      return facts.share((value) => /^(?:18|19|20)\d\d$/.test(value)) > 0.8;
    case 'income':
    case 'body_measure':
      return facts.withDigits > 0.6 || facts.values.length < 30;
    case 'date':
      return years !== undefined || facts.withDigits > 0.7;
    case 'free_text':
      return facts.withLetters > 0.5 && facts.share((value) => /^[\p{L}\d_-]+$/u.test(value)) < 0.9;
    case 'url':
      return facts.share((value) => /\.|\//.test(value)) > 0.5;
    default:
      return true;
  }
}

/** Share of the values that speak for a type on their own. */
function supportOf(type: ColumnType, { facts, names, years, kinds }: ColumnView): number {
  switch (type) {
    case 'first_name':
      return Math.max(names.first, names.kana);
    case 'last_name':
      return Math.max(names.last, names.kana);
    case 'full_name':
      return Math.max(names.full, names.several * 0.6, names.kana, names.first, names.last);
    case 'phone':
      return facts.share((value) => shapes.phoneShape(value) !== undefined);
    case 'street_address':
      return facts.share((value) => shapes.addressShape(value) !== undefined);
    case 'date_of_birth':
      return years === undefined ? 0 : 1;
    case 'city':
      return names.city;
    case 'region':
      return names.region;
    case 'country':
    case 'nationality':
      return names.country;
    case 'postal_code':
      return facts.share(shapes.isPostalShaped);
    case 'username':
      return facts.share((value) => /^\S{3,40}$/.test(value)) * 0.8;
    case 'email':
      return facts.share(shapes.isEmailCell);
    case 'organization':
      return 0.5;
    default:
      return Math.max(0, ...kinds.filter(({ kind }) => typeOfKind(kind.kind) === type).map(({ fitting }) => fitting));
  }
}

/** The values alone; the name says nothing, or something that they gainsay. */
function judgeValues(view: ColumnView, reading: NameReading): Judgement {
  const { facts, names, years } = view;
  const says = (type: ColumnType, share: number, text: string, confidence = 0.5 + 0.4 * share): Judgement => ({
    type,
    confidence,
    evidence: [`${percent(share)} of the values ${text}`],
  });
  const enough = facts.values.length >= 5;
  // A name that says what else the column is: its values need to be more convincing.
  const known =
    reading.type !== undefined && reading.type !== 'name' && reading.type !== 'row_id' && reading.type !== 'address';
  const bar = known ? 0.25 : 0;

  if (years !== undefined) return { type: 'date', confidence: 0.8, evidence: ['the values are dates'] };

  const phones = facts.values.map(shapes.phoneShape);
  const phoneShare = (which: readonly string[]) =>
    phones.filter((shape) => shape !== undefined && which.includes(shape)).length / phones.length;
  const clear = phoneShare(['plus', 'grouped']);
  if (enough && clear >= 0.6 + bar && facts.uniqueness > 0.2 && facts.share(shapes.isDistinctPostalCode) < 0.5)
    return says('phone', clear, 'are written as telephone numbers are');
  const trunk = phoneShare(['trunk', 'plus', 'grouped']);
  if (
    enough &&
    trunk >= 0.8 &&
    facts.uniqueness > 0.5 &&
    new Set(facts.values.map((value) => value.slice(0, 4))).size >= Math.min(5, facts.values.length)
  ) {
    return says('phone', trunk, 'have the trunk prefix and the length of telephone numbers');
  }

  const flags = facts.values.length <= 2;
  const genders = facts.share((value) =>
    /^(?:m|f|w|d|x|h|k|male|female|man|woman|männlich|weiblich|divers|homme|femme|masculin|féminin|hombre|mujer|masculino|femenino|feminino|maschio|femmina|man|vrouw|mężczyzna|kobieta|kvinna|kvinne|kvinde|mand|mies|nainen|muž|žena|erkek|kadın|мужской|женский|муж|жен|男|女|男性|女性|남|여|남성|여성|non-binary|other)\.?$/iu.test(
      value,
    ),
  );
  if (
    genders >= 0.9 &&
    facts.values.length >= 2 &&
    facts.values.length <= 6 &&
    !facts.values.every((value) => /^[dkxh]$/i.test(value))
  )
    return says('gender', genders, 'name a sex');

  const streets = facts.share((value) => shapes.addressShape(value) === 'street');
  const streetWords = facts.share((value) => ['street', 'word'].includes(shapes.addressShape(value) ?? ''));
  if (enough && facts.meanWords < 20 && (streets >= 0.35 + bar || (streetWords >= 0.6 + bar && !known))) {
    return says('street_address', Math.max(streets, streetWords), 'have the form of street addresses');
  }
  const asianRegion = facts.share((value) =>
    /^[\p{Script=Han}\p{Script=Hangul}]{1,8}(?:[都道府県省]|특별시|광역시|도)$/u.test(value),
  );
  if (asianRegion >= 0.7) return says('region', asianRegion, 'end as names of provinces do');
  const asianTown = facts.share((value) =>
    /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\s]{1,12}[市区區町村郡县縣시군구]$/u.test(
      value,
    ),
  );
  if (asianTown >= 0.7) return says('city', asianTown, 'end as names of towns do');
  if (!flags && names.country >= 0.8) return says('country', names.country, 'are countries');
  if (!flags && names.region >= 0.7 && names.region >= names.last) return says('region', names.region, 'are regions');

  const organizations = facts.share(shapes.isOrganizationShaped);
  const firms = facts.share((value) => shapes.isOrganizationShaped(value) && /[\s(]/.test(value));
  if (enough && firms >= 0.25 && names.several > 0.3 && streets < 0.3) {
    return { ...says('organization', organizations, 'look like names of firms'), confidence: 0.6 };
  }
  if (enough && !known && names.nameLike > 0.7 && facts.withDigits < 0.1 && facts.uniqueness > 0.05) {
    const people = Math.max(names.first, names.last);
    const spread = facts.values.length >= 8;
    if (names.city >= 0.4 && names.city > people) return says('city', names.city, 'are cities');
    if (names.several > 0.5 && names.full >= 0.3 && names.job < 0.2)
      return says('full_name', names.full, 'have a given name or a surname in them');
    if (names.han >= 0.6 && facts.uniqueness > 0.5 && names.han > people)
      return says('full_name', names.han, 'are written with the signs of names');
    if (names.full >= 0.5 && names.full > people)
      return says('full_name', names.full, 'begin with a surname and end with a given name');
    if (spread && names.several < 0.4 && names.first >= 0.4 && names.first >= names.last)
      return says('first_name', names.first, 'are given names');
    if (spread && names.several < 0.4 && names.last >= 0.35) return says('last_name', names.last, 'are surnames');
    if (names.city >= 0.3) return says('city', names.city, 'are cities');
  }
  const postal = facts.share(shapes.isDistinctPostalCode);
  if (enough && postal >= 0.8) return says('postal_code', postal, 'have the form of postal codes');

  return embedded(view) ?? plain(view);
}

/**
 * Identifiers inside of cells that hold other things too.
 *
 * @param certainOnly takes what a checksum proves and e-mail addresses alone
 */
function embedded({ facts, cells }: ColumnView, certainOnly = false): Judgement | undefined {
  const counts = new Map<string, number>();
  let hits = 0;
  const texts = cells.filter((cell) => cell.length >= 5);
  // A form alone may be there by chance: it counts from the second cell on.
  const single = new Map<string, number>();
  for (const cell of texts) {
    for (const { kind, proven } of scanAll(cell))
      if (!proven && kind !== 'email') single.set(kind, (single.get(kind) ?? 0) + 1);
  }
  for (const cell of texts) {
    const found = new Set<string>();
    for (const { kind, proven } of scanAll(cell)) {
      if (proven || kind === 'email' || (!certainOnly && (single.get(kind) ?? 0) >= 2)) found.add(kind);
    }
    for (const { kind, proven } of cell.length > 8 && /\s/.test(cell) ? findIdentifiers(cell) : [])
      if (proven) found.add(kind);
    if (found.size > 0) hits += 1;
    for (const kind of found) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const share = hits / Math.max(1, facts.filled);
  // Numbers without meaning pass a checksum now and then.
  const numeric = facts.numbers > 0.8 || facts.withLetters < 0.2;
  if (hits === 0 || (numeric && share < 0.3)) return undefined;
  const list = [...counts].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${labelOf(kind)} in ${count}`);
  return {
    type: facts.meanWords >= 3 ? 'free_text' : share >= 0.8 ? 'several_identifiers' : 'mixed',
    confidence: 0.85,
    evidence: [`identifiers stand inside of ${hits} of ${facts.filled} cells of the sample (${list.join(', ')})`],
  };
}

function labelOf(kind: string): string {
  return identifierKinds.find((known) => known.kind === kind)?.label ?? kind;
}

function plain({ facts, reading }: ColumnView): Judgement {
  const is = (type: ColumnType, confidence: number, text: string): Judgement => ({
    type,
    confidence,
    evidence: [text],
  });
  if (facts.values.length <= 3 && facts.meanLength < 8 && facts.filled > 5)
    return is('boolean', 0.8, 'few different values');
  if (facts.meanWords >= 4 && facts.uniqueness > 0.2 && facts.withLetters > 0.8)
    return is('free_text', 0.7, `texts of ${Math.round(facts.meanWords)} words on average`);
  if (facts.share((value) => shapes.coordinate.test(value)) > 0.9 && reading.type === 'coordinates')
    return is('coordinates', 0.8, 'coordinates');
  if (facts.integers > 0.95 && facts.uniqueness === 1 && facts.filled > 5)
    return is('row_id', 0.7, 'whole numbers, each once');
  if (facts.numbers > 0.9) return is('number', 0.8, 'numbers');
  if (facts.uniqueness < 0.2) return is('category', 0.7, 'few different values');
  return is('other', 0.5, 'nothing speaks for personal data');
}

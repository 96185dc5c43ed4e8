import { type ColumnType, classOf } from './column-type.ts';
import type { ColumnView, Judgement } from './column-view.ts';
import { foldedWords, foldText } from './fold-word.ts';
import * as shapes from './value-shapes.ts';

/** Second thoughts about each column once all the others have been judged. */
export function classifyInContext(
  views: readonly ColumnView[],
  first: readonly Judgement[],
  thisYear: number,
): Judgement[] {
  const judgements = [...first];
  for (const rule of [echoOfEmail, partnerNames, namesInARow, readings, numberedStreets, restOfAddress, birthDates]) {
    views.forEach((view, index) => {
      const better = rule(view, index, judgements, views, thisYear);
      if (better !== undefined) judgements[index] = better;
    });
  }
  return judgements;
}

type Rule = (
  view: ColumnView,
  index: number,
  judgements: readonly Judgement[],
  views: readonly ColumnView[],
  thisYear: number,
) => Judgement | undefined;

const open: ReadonlySet<ColumnType> = new Set<ColumnType>([
  'other',
  'category',
  'organization',
  'city',
  'region',
  'empty',
  'job',
  'free_text',
  'row_id',
  'boolean',
  'country',
]);

/** Names that come back in the e-mail address of their row, whatever language they are of. */
const echoOfEmail: Rule = (view, index, judgements, views) => {
  const judged = judgements[index] as Judgement;
  const said = view.reading.type;
  if (!open.has(judged.type) || (said !== undefined && said !== 'name' && said !== 'row_id') || view.reading.about)
    return undefined;
  if (view.facts.meanLength > 40 || view.facts.withLetters < 0.8) return undefined;
  const emailIndex = judgements.findIndex(({ type }) => type === 'email');
  const emails = views[emailIndex]?.cells;
  if (emails === undefined) return undefined;
  let rows = 0;
  let echoes = 0;
  let whole = 0;
  view.cells.forEach((cell, row) => {
    const local = foldText(emails[row]?.split('@')[0] ?? '').replace(/[^\p{L}\p{N}]/gu, '');
    const text = foldText(cell).replace(/[^\p{L}\p{N}]/gu, '');
    if (local.length < 3 || text.length < 3) return;
    rows += 1;
    if (foldedWords(cell).some((word) => word.length >= 3 && local.includes(word))) echoes += 1;
    if (text === local || (/\d/.test(text) && local.includes(text))) whole += 1;
  });
  if (rows < 4 || echoes / rows < 0.25) return undefined;
  const evidence = [
    `${Math.round((echoes / rows) * 100)} % of the values come back in the e-mail address of their row`,
  ];
  if (whole / rows > 0.5 || view.facts.withDigits > 0.3) return { type: 'username', confidence: 0.8, evidence };
  const several = view.names.several > 0.5;
  return { type: several ? 'full_name' : nameBeside(index, judgements), confidence: 0.85, evidence };
};

/** Given name or surname, by what stands beside it. */
function nameBeside(index: number, judgements: readonly Judgement[]): ColumnType {
  const beside = [judgements[index - 1]?.type, judgements[index + 1]?.type];
  return beside.includes('first_name') ? 'last_name' : 'first_name';
}

/** A plain `name` beside a given name is the surname, and the other way round. */
const partnerNames: Rule = (view, index, judgements, views) => {
  const judged = judgements[index] as Judgement;
  if (view.reading.type !== 'name' || (judged.type !== 'first_name' && judged.type !== 'last_name')) return undefined;
  const named = views.map(({ reading }, other) =>
    other === index || classOf((judgements[other] as Judgement).type) !== 'direct' ? undefined : reading.type,
  );
  if (named.includes('first_name') && !named.includes('last_name')) return { ...judged, type: 'last_name' };
  if (named.includes('last_name') && !named.includes('first_name')) return { ...judged, type: 'first_name' };
  return undefined;
};

const nameTypes: ReadonlySet<ColumnType> = new Set<ColumnType>(['first_name', 'last_name', 'full_name']);

/** `c1`, `V_12`, `field 3`: names that were given to columns by counting them. */
const saysNothing = /^(?:\p{L}{1,2}|col|column|field|var|attr|spalte|colonne|columna|coluna)?[_ -]?\d*$/iu;
/** Tables of persons name them in their first columns. */
const lastToBegin = 3;

/** Letters alone, few words, many different ones, nothing known of them. */
function mayBeNames({ name, facts, names, reading }: ColumnView, { type }: Judgement): boolean {
  return (
    (type === 'other' || type === 'category' || type === 'free_text') &&
    reading.type === undefined &&
    (name === undefined || saysNothing.test(name)) &&
    facts.values.length >= 10 &&
    facts.uniqueness >= 0.15 &&
    facts.withDigits === 0 &&
    facts.meanWords <= 6 &&
    names.nameLike >= 0.85 &&
    names.job < 0.1 &&
    facts.share((value) => /^\P{L}|^\p{Ll}/u.test(value)) < 0.3
  );
}

/**
 * Names of a language whose names are not known, in a table of persons: two and more columns in a row of which nothing
 * else is known, at the beginning and not after the parts of an address; or the missing one of given name and surname beside the other.
 */
const namesInARow: Rule = (view, index, judgements, views) => {
  const judged = judgements[index] as Judgement;
  if (!mayBeNames(view, judged)) return undefined;
  const types = judgements.map(({ type }) => type);
  const evidence = ['words beside others of their kind, in a table of persons'];
  const beside = [types[index - 1], types[index + 1]];
  if (beside.includes('first_name') && !types.includes('last_name'))
    return { type: 'last_name', confidence: 0.6, evidence };
  if (beside.includes('last_name') && !types.includes('first_name'))
    return { type: 'first_name', confidence: 0.6, evidence };
  const reaching = types.filter((type) => reachesPersons.has(type)).length;
  if (reaching < 2) return undefined;
  const open = (other: number) => {
    const there = views[other];
    return (
      there !== undefined &&
      (nameTypes.has(types[other] as ColumnType) || mayBeNames(there, judgements[other] as Judgement))
    );
  };
  let from = index;
  while (open(from - 1)) from -= 1;
  let to = index;
  while (open(to + 1)) to += 1;
  const before = types.slice(Math.max(0, from - 2), from);
  if (to === from || to - from > 3 || from > lastToBegin || before.some((type) => placeTypes.has(type)))
    return undefined;
  const type = view.names.several > 0.5 ? 'full_name' : index === from ? 'first_name' : 'last_name';
  return { type, confidence: 0.55, evidence };
};

const reachesPersons: ReadonlySet<ColumnType> = new Set<ColumnType>([
  'email',
  'phone',
  'date_of_birth',
  'national_id',
  'payment_card',
]);

/** Kana or Latin spellings beside the names that they spell, row by row about as many different values. */
const readings: Rule = (view, index, judgements, views) => {
  const judged = judgements[index] as Judgement;
  if (!open.has(judged.type) || view.facts.uniqueness < 0.05 || view.facts.values.length < 5) return undefined;
  if (view.reading.type !== undefined && view.reading.type !== 'name') return undefined;
  const east = view.names.kana > 0.8 || view.facts.share((value) => /^[\p{Script=Han}々]{1,4}$/u.test(value)) > 0.8;
  if (!east || view.facts.share((value) => /[都道府県省市区郡町村]$/.test(value)) > 0.3) return undefined;
  const near = [index - 1, index + 1, index - 2, index + 2].find((other) => {
    const type = judgements[other]?.type;
    return type !== undefined && nameTypes.has(type) && (views[other] as ColumnView).facts.values.length >= 5;
  });
  if (near === undefined) return undefined;
  const type = (judgements[near] as Judgement).type;
  const other: ColumnType =
    Math.abs(near - index) === 2 || type === 'full_name' ? type : type === 'first_name' ? 'last_name' : 'first_name';
  return { type: other, confidence: 0.7, evidence: ['short words beside a column of names'] };
};

const placeTypes: ReadonlySet<ColumnType> = new Set<ColumnType>(['city', 'region', 'postal_code', 'street_address']);

/** House numbers, town blocks and buildings beside the other parts of an address, in a table without a header. */
const restOfAddress: Rule = (view, index, judgements) => {
  const judged = judgements[index] as Judgement;
  if (
    view.name !== undefined ||
    !['other', 'category', 'row_id', 'number', 'free_text', 'mixed', 'date'].includes(judged.type)
  )
    return undefined;
  const before = judgements.slice(Math.max(0, index - 2), index).filter(({ type }) => placeTypes.has(type)).length;
  const after = judgements.slice(index + 1, index + 3).filter(({ type }) => placeTypes.has(type)).length;
  const { facts } = view;
  if (facts.share((value) => /^\d{5}$/.test(value)) > 0.8 && before + after > 0) {
    return {
      type: 'postal_code',
      confidence: 0.6,
      evidence: ['numbers of five digits beside the parts of an address'],
    };
  }
  if (before < 2 && !(before >= 1 && judgements[index - 1]?.type === 'street_address')) return undefined;
  const { length } = facts.values[0] as string;
  if (facts.values.length >= 5 && facts.share((value) => /^\d{4,6}$/.test(value) && value.length === length) > 0.95) {
    return { type: 'postal_code', confidence: 0.6, evidence: ['numbers of one length beside the parts of an address'] };
  }
  const blocks =
    facts.share((value) => /^\d{1,5}\s?[a-z]?(?:[-−/]\d{1,5}){0,3}$/i.test(value) && !/^\d{5}$/.test(value)) > 0.8;
  const eastAsian = facts.share((value) => /[\p{Script=Han}\p{Script=Hangul}\p{Script=Katakana}]/u.test(value)) > 0.6;
  if (!blocks && !eastAsian) return undefined;
  if (blocks && facts.numbers > 0.95 && judgements[index - 1]?.type !== 'street_address') return undefined;
  return { type: 'street_address', confidence: 0.65, evidence: ['stands among the parts of an address'] };
};

/** Words with a house number, in a table of persons: streets of which no word is known. */
const numberedStreets: Rule = (view, index, judgements) => {
  const judged = judgements[index] as Judgement;
  const { facts, reading } = view;
  if (!['other', 'free_text', 'mixed', 'category'].includes(judged.type) || reading.about) return undefined;
  if (reading.type !== undefined || facts.values.length < 5 || facts.uniqueness < 0.5 || facts.meanWords > 10)
    return undefined;
  const numbered = facts.share((value) => shapes.addressShape(value) !== undefined);
  const persons = judgements.filter(
    ({ type }) => nameTypes.has(type) || placeTypes.has(type) || type === 'email' || type === 'phone',
  ).length;
  if (numbered < 0.6 || persons < 2) return undefined;
  return {
    type: 'street_address',
    confidence: 0.5 + 0.2 * numbered,
    evidence: [`${Math.round(numbered * 100)} % of the values are words with a number, in a table of persons`],
  };
};

const yearsOfLife = 110;
const spreadYears = 20;

/** Dates that spread over lifetimes, in a table of persons. */
const birthDates: Rule = (view, index, judgements, _views, thisYear) => {
  const judged = judgements[index] as Judgement;
  if (
    judged.type !== 'date' ||
    view.years === undefined ||
    view.reading.type !== undefined ||
    view.facts.values.length < 5
  )
    return undefined;
  const persons = judgements.filter(
    ({ type }) => nameTypes.has(type) || type === 'email' || type === 'national_id' || type === 'phone',
  ).length;
  const years = view.years.toSorted((a, b) => a - b);
  const at = (share: number) => years[Math.floor((years.length - 1) * share)] as number;
  const lifetimes =
    at(0.9) - at(0.1) >= spreadYears &&
    at(0) >= thisYear - yearsOfLife &&
    at(1) <= thisYear &&
    at(0.5) <= thisYear - 15;
  if (!lifetimes || persons < (view.name === undefined ? 1 : 2)) return undefined;
  return {
    type: 'date_of_birth',
    confidence: 0.65,
    evidence: [`dates over ${at(0.9) - at(0.1)} years in a table of persons`],
  };
};

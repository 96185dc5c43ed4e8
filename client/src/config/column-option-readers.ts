import { identifierKinds } from '@sdp/shared/detection';
import { canonicalSteps, dateUnits, alphabetOf as parseAlphabet } from '@sdp/shared/tokenization';
import { isMap, isScalar, type Node } from 'yaml';
import {
  type ConfigMethod,
  dateOrders,
  type FpeAlphabet,
  invalidTreatments,
  namedAlphabets,
} from './tokenization-config.ts';
import {
  type ConfigSource,
  choiceOf,
  type Entry,
  entriesOf,
  flagOf,
  itemsOf,
  nameOf,
  textOf,
  wholeNumberOf,
} from './yaml-entries.ts';

/** How one option of a column is read. */
export interface OptionReader {
  /** Methods that it belongs to. */
  readonly methods: readonly ConfigMethod[];
  /** Its name in a column's configuration. */
  readonly property: string;
  /** @returns `undefined` after adding a finding */
  read(entry: Entry, source: ConfigSource): unknown;
}

const vaulted = ['token', 'random', 'email', 'card', 'text'] as const;
const treated = ['hash', 'redact', 'mask', 'fpe', 'date-shift', 'bucket'] as const;

/** The options of a column by their names in the file. */
export const optionReaders: Readonly<Record<string, OptionReader>> = {
  namespace: {
    methods: [...vaulted, 'hash', 'fpe', 'date-shift'],
    property: 'namespace',
    read: nameOf,
  },
  canonical: {
    methods: ['token', 'hash', 'email'],
    property: 'canonical',
    read: (entry, source) => {
      const named = wordsOf(entry, canonicalSteps, source);
      // In one order: `[lower, trim]` is no other form than `[trim, lower]`.
      return named === undefined ? undefined : canonicalSteps.filter((step) => named.includes(step));
    },
  },
  region: { methods: ['token', 'hash', 'email', 'text'], property: 'region', read: regionOf },
  expires: { methods: vaulted, property: 'expiresDays', read: daysOf },
  null_markers: { methods: [...vaulted, ...treated], property: 'nullMarkers', read: nullMarkersOf },
  on_invalid: {
    methods: ['fpe', 'card', 'date-shift', 'bucket'],
    property: 'onInvalid',
    read: (entry, source) => choiceOf(entry, invalidTreatments, source),
  },
  keep_first: {
    methods: ['mask', 'card', 'bucket'],
    property: 'keepFirst',
    read: (entry, source) => wholeNumberOf(entry, [0, 1_000], source),
  },
  keep_last: {
    methods: ['mask'],
    property: 'keepLast',
    read: (entry, source) => wholeNumberOf(entry, [0, 1_000], source),
  },
  keep_domain: { methods: ['email'], property: 'keepDomain', read: flagOf },
  alphabet: { methods: ['fpe'], property: 'alphabet', read: alphabetOf },
  entity: { methods: ['date-shift'], property: 'entity', read: nameOf },
  max_days: {
    methods: ['date-shift'],
    property: 'maxDays',
    read: (entry, source) => wholeNumberOf(entry, [1, 3_650], source),
  },
  date_order: {
    methods: ['date-shift', 'bucket'],
    property: 'dateOrder',
    read: (entry, source) => choiceOf(entry, dateOrders, source),
  },
  padded: { methods: ['date-shift'], property: 'padded', read: flagOf },
  spare_digit: {
    methods: ['fpe'],
    property: 'spareDigit',
    read: (entry, source) => wholeNumberOf(entry, [0, 9], source),
  },
  decimal_comma: { methods: ['bucket'], property: 'decimalComma', read: flagOf },
  size: { methods: ['bucket'], property: 'size', read: sizeOf },
  bounds: { methods: ['bucket'], property: 'bounds', read: boundsOf },
  unit: { methods: ['bucket'], property: 'unit', read: (entry, source) => choiceOf(entry, dateUnits, source) },
  kinds: {
    methods: ['text'],
    property: 'kinds',
    read: (entry, source) =>
      wordsOf(
        entry,
        identifierKinds.map(({ kind }) => kind),
        source,
      ),
  },
};

/** Cells that stand for a missing value; as they stand in the file, so that `[NULL, 0]` is no riddle. */
export function nullMarkersOf(entry: Entry, source: ConfigSource): readonly string[] | undefined {
  const markers = itemsOf(entry, source).map(textOf);
  if (markers.length <= 100 && markers.every((marker) => marker !== undefined && marker.length <= 200)) {
    return (markers as string[]).filter((marker) => marker !== '');
  }
  return wrong(entry, source, 'must be a list of at most 100 texts of at most 200 characters');
}

/** An ISO 3166-1 code, in capitals. */
export function regionOf(entry: Entry, source: ConfigSource): string | undefined {
  const text = textOf(entry.value);
  if (text !== undefined && /^[A-Za-z]{2}$/.test(text)) return text.toUpperCase();
  return wrong(entry, source, 'must be a country’s code of two letters, e.g. DE');
}

const daysIn: Readonly<Record<string, number>> = { d: 1, w: 7, m: 30, y: 365 };

function daysOf(entry: Entry, source: ConfigSource): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,4})([dwmy])$/.exec(textOf(entry.value) ?? '') ?? [];
  const days = Number(count) * (daysIn[unit ?? ''] ?? Number.NaN);
  if (days <= 36_500) return days;
  return wrong(entry, source, 'must be a time such as 90d, 12w, 6m (of 30 days) or 1y (of 365), at most 100 years');
}

function alphabetOf(entry: Entry, source: ConfigSource): FpeAlphabet | undefined {
  if (!isMap(entry.value)) return choiceOf(entry, namedAlphabets, source);
  const [custom, ...more] = entriesOf(entry.value, source);
  const text = custom?.name === 'custom' && more.length === 0 ? textOf(custom.value) : undefined;
  if (text === undefined) return wrong(entry, source, `must be one of ${namedAlphabets.join(', ')} or { custom: "…" }`);
  try {
    parseAlphabet({ custom: text });
    return { custom: text };
  } catch {
    return wrong(entry, source, 'a custom alphabet has two or more different characters, and none of = + - @');
  }
}

function sizeOf(entry: Entry, source: ConfigSource): number | undefined {
  const value = numberIn(entry.value);
  return value !== undefined && value > 0 ? value : wrong(entry, source, 'must be a number above 0');
}

function boundsOf(entry: Entry, source: ConfigSource): readonly number[] | undefined {
  const bounds = itemsOf(entry, source).map(numberIn);
  const rising = bounds.every((bound, at) => bound !== undefined && (at === 0 || bound > (bounds[at - 1] as number)));
  if (rising && bounds.length > 0 && bounds.length <= 1_000) return bounds as number[];
  return wrong(entry, source, 'must be a list of rising numbers');
}

function numberIn(node: Node | null): number | undefined {
  const value = isScalar(node) ? node.value : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function wordsOf<T extends string>(entry: Entry, choices: readonly T[], source: ConfigSource): T[] | undefined {
  const words = itemsOf(entry, source).map((value) => choiceOf({ ...entry, value }, choices, source));
  return words.includes(undefined) ? undefined : (words as T[]);
}

function wrong(entry: Entry, { findings }: ConfigSource, message: string): undefined {
  findings.add(entry.value ?? entry.key, message, entry.name);
}

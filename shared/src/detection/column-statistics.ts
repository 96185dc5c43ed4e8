import type { PiiKind } from './finding.ts';
import { isAssignableSsn } from './us-ssn.ts';

/** Evidence that no single cell gives: what bare digits of one length look like over a whole column. */
interface Hypothesis {
  readonly kind: PiiKind;
  /** Cells that a column must have, share that must fit, and different values that the first digits must take. */
  readonly minimumCells: number;
  readonly minimumShare: number;
  readonly minimumPrefixes: number;
  readonly prefixLength: number;
  fits(value: string): boolean;
}

/**
 * Thresholds make chance improbable: of random nine-digit numbers 89 % are assignable, of random ten-digit ones 64 %
 * fit the North American plan, so that 50 cells without exception arise by chance in one of 300 and of 10⁹ columns.
 * Sequential identifiers share their first digits, padded ones have more zeros, counts and times begin with none.
 */
const hypotheses: readonly (Hypothesis & { readonly needsLeadingZero?: true })[] = [
  {
    kind: 'us-ssn',
    minimumCells: 50,
    minimumShare: 1,
    minimumPrefixes: 15,
    prefixLength: 3,
    needsLeadingZero: true,
    fits: isAssignableSsn,
  },
  {
    kind: 'phone',
    minimumCells: 10,
    minimumShare: 0.8,
    minimumPrefixes: 5,
    prefixLength: 4,
    fits: (value) => /^0[1-9]\d{7,9}$/.test(value),
  },
  {
    kind: 'phone',
    minimumCells: 50,
    minimumShare: 0.99,
    minimumPrefixes: 20,
    prefixLength: 3,
    fits: (value) => /^[2-9](?!11)\d\d[2-9]\d{6}$/.test(value),
  },
  {
    kind: 'phone',
    minimumCells: 10,
    minimumShare: 0.8,
    minimumPrefixes: 5,
    prefixLength: 3,
    fits: (value) => /^(?:1[-. ])?(?:\d{3}-\d{3}-|\d{3}\.\d{3}\.|\d{3} \d{3}-)\d{4}$/.test(value),
  },
  {
    kind: 'phone',
    minimumCells: 10,
    minimumShare: 0.9,
    minimumPrefixes: 5,
    prefixLength: 3,
    fits: isGroupedLikeSubscriberNumber,
  },
];

/**
 * Eight to eleven digits in groups as plans without a trunk prefix write them: `612 34 56 78`, `9212 3456`. One such cell
 * may be anything; dates, spans of years, ZIP+4 codes, serial numbers of journals (ISSN) are grouped otherwise.
 */
function isGroupedLikeSubscriberNumber(value: string): boolean {
  const groups = /^\d{2,4}([ -])\d{2,4}(?:\1\d{2,4}){0,3}$|^[6-9]\d{4}[ -]\d{5}$/.test(value)
    ? value.split(/[ -]/)
    : [];
  const digits = groups.reduce((sum, group) => sum + group.length, 0);
  const shape = groups.map((group) => group.length).join('');
  if (digits < 8 || digits > 11 || shape === '422' || shape === '224') return false;
  return shape !== '44' || (value[4] === ' ' && groups.some((year) => !/^(?:19|20)/.test(year)));
}

/** Enough different prefixes to decide; more are not kept. */
const prefixesKept = 64;

interface Tally {
  fitting: number;
  firstRow: number;
  leadingZero: boolean;
  readonly prefixes: Set<string>;
}

export interface ColumnStatistics {
  /** A cell that is not empty. `digits`: whether it may be a bare or grouped number at all. */
  add(row: number, value: string, mayBeNumber: boolean): void;
  verdicts(): { readonly kind: PiiKind; readonly row: number; readonly count: number }[];
}

export function createColumnStatistics(): ColumnStatistics {
  const tallies = hypotheses.map((): Tally => ({ fitting: 0, firstRow: 0, leadingZero: false, prefixes: new Set() }));
  let cells = 0;
  return {
    add(row, value, mayBeNumber) {
      cells += 1;
      if (!mayBeNumber || value.length < 9 || value.length > 14) return;
      hypotheses.forEach((hypothesis, index) => {
        const tally = tallies[index];
        if (tally === undefined || !hypothesis.fits(value)) return;
        if (tally.fitting === 0) tally.firstRow = row;
        tally.fitting += 1;
        if (value.startsWith('0')) tally.leadingZero = true;
        if (tally.prefixes.size < prefixesKept) tally.prefixes.add(value.slice(0, hypothesis.prefixLength));
      });
    },
    verdicts: () =>
      hypotheses.flatMap((hypothesis, index) => {
        const tally = tallies[index];
        const holds =
          tally !== undefined &&
          cells >= hypothesis.minimumCells &&
          tally.fitting >= cells * hypothesis.minimumShare &&
          tally.prefixes.size >= hypothesis.minimumPrefixes &&
          (tally.leadingZero || hypothesis.needsLeadingZero !== true);
        return holds ? [{ kind: hypothesis.kind, row: tally.firstRow, count: tally.fitting }] : [];
      }),
  };
}

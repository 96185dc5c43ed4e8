import { type Cell, numberOfCell } from '@sdp/shared/contracts';
import { RE2JS } from 're2js';
import { isMissing } from './distribution-rules.ts';
import type { Expectation, ValueType } from './expectation.ts';

/** Says whether a value is as expected; never asked about missing ones. */
export type ValueCheck = (cell: Cell) => boolean;

/** Longer texts match no pattern and are no dates. */
const longestText = 4_096;

/** The check of an expectation that looks at one value at a time; `undefined` for the others. */
export function valueCheckOf(expectation: Expectation): ValueCheck | undefined {
  switch (expectation.expect) {
    case 'type':
      return typeChecks[expectation.type];
    case 'range': {
      const { min, max } = expectation;
      return (cell) => {
        const value = numberOfCell(cell);
        return value >= min && value <= max;
      };
    }
    case 'set': {
      const values = new Set(expectation.values);
      return (cell) => values.has(String(cell));
    }
    case 'pattern': {
      // RE2 needs a time linear in the value, whatever the pattern: no value can stall a worker.
      const pattern = RE2JS.compile(expectation.pattern);
      return (cell) => {
        const value = String(cell);
        return value.length <= longestText && pattern.matches(value);
      };
    }
    case 'unique':
      return uniqueCheck();
    default:
      return undefined;
  }
}

const typeChecks: Readonly<Record<ValueType, ValueCheck>> = {
  integer: (cell) => Number.isInteger(numberOfCell(cell)),
  number: (cell) => !Number.isNaN(numberOfCell(cell)),
  date: (cell) => timeOfCell(cell) !== undefined,
  boolean: (cell) => /^(true|false|0|1)$/i.test(String(cell).slice(0, 6)),
};

const isoDate = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Milliseconds since 1970 of an ISO 8601 date or time; a time without zone is taken for UTC. */
export function timeOfCell(cell: Cell | undefined): number | undefined {
  if (isMissing(cell)) return undefined;
  const text = String(cell);
  const [, year, month, day] = text.length > 40 ? [] : (isoDate.exec(text) ?? []);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  // February 30th would be taken for March.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10));
  const time = text.length === 10 ? date.getTime() : Date.parse(text.replace(' ', 'T') + (hasZone ? '' : 'Z'));
  return Number.isNaN(time) ? undefined : time;
}

function uniqueCheck(): ValueCheck {
  const seen = new Set<string>();
  return (cell) => {
    const before = seen.size;
    // 1 and "1" are the same in CSV.
    seen.add(String(cell));
    return seen.size > before;
  };
}

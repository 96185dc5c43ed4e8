import { ConfigError } from '../../errors/index.ts';
import type { EncodedColumn } from '../encoded-column.ts';
import { type Generalization, stackLevels } from './generalization.ts';

/** From fine to coarse; each lies wholly in one of the next. */
export const dateUnitNames = ['day', 'month', 'quarter', 'year', 'decade', 'century'] as const;
export type DateUnitName = (typeof dateUnitNames)[number];

const usualUnits: readonly DateUnitName[] = ['day', 'month', 'quarter', 'year', 'decade'];

/**
 * Days, months, quarters, years and decades over a column of dates, in UTC. The loss of one is its length within the
 * column's range, over that range.
 *
 * @throws {ConfigError} `hierarchy-invalid` for a column that isn't of dates
 */
export function dateUnits(column: EncodedColumn, units: readonly DateUnitName[] = usualUnits): Generalization {
  if (column.kind !== 'date' && column.texts.length > 1) {
    throw new ConfigError('hierarchy-invalid', {
      message: `Units of time need dates that start with the year, and ${column.name} has values that are none`,
      details: { column: column.name },
    });
  }
  const ordered = dateUnitNames.filter((unit) => units.includes(unit));
  const low = column.positions[1] ?? 0;
  const high = column.positions[column.positions.length - 1] ?? 0;
  const spans = ordered.map((unit) => Array.from(column.positions, (time) => spanOf(time, unit)));
  return stackLevels(
    column,
    spans.map((level) => level.map(({ label }) => label)),
    (level, [code = 0]) => {
      const { start, end } = spans[level]?.[code] ?? { start: low, end: high };
      return high > low ? Math.min(1, (Math.min(end, high) - Math.max(start, low)) / (high - low)) : 0;
    },
  );
}

function spanOf(time: number, unit: DateUnitName): { label: string; start: number; end: number } {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const span = (label: string, from: readonly [number, number, number], to: readonly [number, number, number]) => ({
    label,
    start: utc(...from),
    end: utc(...to),
  });
  const padded = String(year).padStart(4, '0');
  switch (unit) {
    case 'day': {
      const day = date.getUTCDate();
      return span(date.toISOString().slice(0, 10), [year, month, day], [year, month, day + 1]);
    }
    case 'month':
      return span(`${padded}-${String(month + 1).padStart(2, '0')}`, [year, month, 1], [year, month + 1, 1]);
    case 'quarter': {
      const quarter = Math.floor(month / 3);
      return span(`${padded}-Q${quarter + 1}`, [year, quarter * 3, 1], [year, quarter * 3 + 3, 1]);
    }
    case 'year':
      return span(padded, [year, 0, 1], [year + 1, 0, 1]);
    default: {
      const length = unit === 'decade' ? 10 : 100;
      const first = Math.floor(year / length) * length;
      const label = `[${String(first).padStart(4, '0')}, ${String(first + length - 1).padStart(4, '0')}]`;
      return span(label, [first, 0, 1], [first + length, 0, 1]);
    }
  }
}

/** `Date.UTC` takes years below 100 for those of the twentieth century. */
function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day);
}

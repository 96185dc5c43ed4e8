import { type DateStyle, parseDate } from './calendar-date.ts';
import type { Outcome } from './outcome.ts';

export const dateUnits = ['month', 'quarter', 'year', 'decade'] as const;
export type DateUnit = (typeof dateUnits)[number];

/** From a date to `2024-02`, `2024-Q1`, `2024` or `2020s`; its time of day is dropped. */
export function bucketDate(unit: DateUnit, style: DateStyle): (value: string) => Outcome {
  // Dates are only read here, so that both ways of writing small numbers do.
  const read = (value: string) => {
    const date = parseDate(value, { ...style, padded: true });
    return 'refused' in date && date.refused === 'date-padding' ? parseDate(value, { ...style, padded: false }) : date;
  };
  return (value) => {
    const date = read(value);
    if ('refused' in date) return date;
    const year = String(date.year).padStart(4, '0');
    switch (unit) {
      case 'month':
        return `${year}-${String(date.month).padStart(2, '0')}`;
      case 'quarter':
        return `${year}-Q${Math.ceil(date.month / 3)}`;
      case 'year':
        return year;
      case 'decade':
        return `${year.slice(0, 3)}0s`;
    }
  };
}

import type { EncodedColumn } from '../encoded-column.ts';
import { type DateUnitName, dateUnits } from './date-units.ts';
import { type Generalization, topLevel, valueLevel } from './generalization.ts';
import { generalizeByTable, type HierarchyRows } from './hierarchy-table.ts';
import { maskedEndings } from './masked-endings.ts';
import { numberIntervals } from './number-intervals.ts';

/** How a column may be generalized. */
export type HierarchySpec =
  | { readonly kind: 'table'; readonly rows: HierarchyRows }
  | { readonly kind: 'intervals'; readonly widths?: readonly number[] }
  | { readonly kind: 'dates'; readonly units?: readonly DateUnitName[] }
  /** Masked from the end. */
  | { readonly kind: 'mask' }
  /** The value or nothing. */
  | { readonly kind: 'suppress' }
  /** Intervals for numbers, units of time for dates, the value or nothing for the others. */
  | { readonly kind: 'auto' };

/** @throws {ConfigError} `hierarchy-invalid` */
export function generalizationOf(column: EncodedColumn, spec: HierarchySpec = { kind: 'auto' }): Generalization {
  switch (spec.kind) {
    case 'table':
      return generalizeByTable(column, spec.rows);
    case 'intervals':
      return numberIntervals(column, spec.widths);
    case 'dates':
      return dateUnits(column, spec.units);
    case 'mask':
      return maskedEndings(column);
    case 'suppress':
      return { column, levels: [valueLevel(column), topLevel(column)] };
    default:
      if (column.kind === 'numeric') return numberIntervals(column);
      if (column.kind === 'date') return dateUnits(column);
      return { column, levels: [valueLevel(column), topLevel(column)] };
  }
}

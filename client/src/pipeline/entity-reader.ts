import type { RowView } from '../csv/index.ts';
import { type ColumnRule, canonicalOf } from './column-rule.ts';
import { nullMarkerSet } from './null-markers.ts';

/** Whose row it is; `undefined` where the row doesn't say. */
export type EntityReader = (view: RowView) => string | undefined;

/**
 * Reads the entity of a `date-shift` from the row as it came in, in the form in which the entity's own column compares
 * values: other spellings of one entity are that entity.
 */
export function entityReaderOf(rule: ColumnRule, rules: readonly ColumnRule[]): EntityReader | undefined {
  if (rule.method !== 'date-shift') return undefined;
  const column = rules.find(({ name }) => name === rule.entity);
  if (column === undefined) return undefined;
  const { index } = column;
  const form = canonicalOf(column);
  const markers = nullMarkerSet('nullMarkers' in column ? column.nullMarkers : undefined);
  return (view) => {
    const value = view.cell(index);
    if (value === '' || markers.has(value)) return undefined;
    return form === undefined ? value : form.apply(value);
  };
}

import type { Cell } from './batch.ts';

const numericText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/**
 * The finite number in a cell, NaN where there is none. Strict, since a guess would be a wrong result: no thousands
 * separators, units, hexadecimal or booleans. Blanks around the number are allowed. Tokens are no numbers.
 */
export function numberOfCell(cell: Cell | undefined): number {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : Number.NaN;
  if (typeof cell !== 'string' || cell.length === 0 || cell.length > 64) return Number.NaN;
  const text = cell.trim();
  if (!numericText.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

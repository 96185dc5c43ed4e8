import { ConfigError } from '../../errors/index.ts';
import type { EncodedColumn } from '../encoded-column.ts';
import { type Generalization, stackLevels } from './generalization.ts';

/** Intervals that the finest automatic level has, about. */
const finestIntervals = 32;
/** Automatic levels above the values, at most: each has intervals twice as wide as the one before. */
const mostLevels = 8;

/**
 * Intervals `[20, 30)` over a column of numbers, aligned to 0. The loss of one is its width within the column's range,
 * over that range: the normalized certainty penalty, Xu et al., "Utility-Based Anonymization Using Local Recoding", KDD 2006.
 *
 * @param widths each a multiple of the one before; where left out, 1, 2 or 5 times a power of ten, and doubled
 * @throws {ConfigError} `hierarchy-invalid` for widths that don't nest, or a column that isn't of numbers
 */
export function numberIntervals(column: EncodedColumn, widths?: readonly number[]): Generalization {
  if (column.kind !== 'numeric' && column.texts.length > 1) {
    throw new ConfigError('hierarchy-invalid', {
      message: `Intervals need numbers, and ${column.name} has values that are none`,
      details: { column: column.name },
    });
  }
  const low = column.positions[1] ?? 0;
  const high = column.positions[column.positions.length - 1] ?? 0;
  const [finest, factors] = widths === undefined ? doubled(column.positions) : nested(widths, column.name);
  const indexOf = Array.from(column.positions, (position) => intervalIndex(position, finest));
  const labels = factors.map((factor) =>
    indexOf.map((index) => label(Math.floor(index / factor) * factor, factor, finest)),
  );
  return stackLevels(column, labels, (level, [code = 0]) => {
    const factor = factors[level] as number;
    const start = Math.floor((indexOf[code] as number) / factor) * factor * finest;
    const width = Math.min(start + factor * finest, high) - Math.max(start, low);
    return high > low ? Math.min(1, width / (high - low)) : 0;
  });
}

/** Half of a millionth of a width is rounding: 0.3 / 0.1 is 2.9999999999999996. */
function intervalIndex(position: number, width: number): number {
  return Math.floor(position / width + 5e-7);
}

function label(index: number, factor: number, width: number): string {
  const text = (value: number) => String(Number(value.toPrecision(12)));
  return `[${text(index * width)}, ${text((index + factor) * width)})`;
}

/** An interval narrower than two neighbours are apart would hold one value at most. */
function doubled(positions: Float64Array): [number, number[]] {
  const factors = Array.from({ length: mostLevels }, (_, level) => 2 ** level);
  let gap = Number.POSITIVE_INFINITY;
  for (let code = 2; code < positions.length; code += 1) {
    gap = Math.min(gap, (positions[code] as number) - (positions[code - 1] as number));
  }
  const range = (positions[positions.length - 1] ?? 0) - (positions[1] ?? 0);
  if (!(range > 0)) return [1, []];
  const rough = Math.max(range / finestIntervals, 2 * gap);
  const power = 10 ** Math.floor(Math.log10(rough));
  const finest = power * ([1, 2, 5].find((step) => step * power >= rough) ?? 10);
  return [finest, factors.filter((factor) => factor * finest < range)];
}

function nested(widths: readonly number[], name: string): [number, number[]] {
  const [finest = 0] = widths;
  const factors = widths.map((width) => Math.round(width / finest));
  const fits = widths.every((width, index) => {
    const [factor = 0, before] = [factors[index], factors[index - 1]];
    const exact = width > 0 && Math.abs(width - factor * finest) <= width * 1e-9;
    return exact && (before === undefined || (factor > before && factor % before === 0));
  });
  if (widths.length > 0 && fits) return [finest, factors];
  throw new ConfigError('hierarchy-invalid', {
    message: `Widths of intervals must each be a multiple of the one before, and those of ${name} are not`,
    details: { column: name },
  });
}

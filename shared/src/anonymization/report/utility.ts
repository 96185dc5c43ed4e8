import type { EncodedColumn } from '../encoded-column.ts';
import type { Anonymization } from '../release.ts';

/** What a release is still worth. */
export interface Utility {
  /**
   * Mean over all cells of the hidden share of their column's domain, 0 for the table itself to 1 for nothing: the loss
   * metric of Iyengar, KDD 2002, called normalized certainty penalty by Xu et al., KDD 2006. Suppressed cells count 1.
   */
  readonly loss: number;
  /**
   * Bits lost over the bits there were, mean of the columns: log2(records that the released text admits / records of the
   * value). Gionis and Tassa, TKDE 21(2), 2009.
   */
  readonly nonUniformEntropy: number;
  /**
   * Records that each record can't be told from, summed; a suppressed one counts all. Bayardo and Agrawal, "Data Privacy
   * through Optimal k-Anonymization", ICDE 2005.
   */
  readonly discernibility: number;
  /** Released records by class; LeFevre et al., ICDE 2006, before dividing by k. 0 where nothing is released. */
  readonly averageClassSize: number;
}

/** @param columns the quasi-identifiers, in the order of the release's values */
export function utilityOf({ classes, costs }: Anonymization, columns: readonly EncodedColumn[]): Utility {
  const records = columns[0]?.codes.length ?? 0;
  let [hidden, discernibility, released, kept] = [0, 0, 0, 0];
  const bits = new Float64Array(columns.length);
  for (const [position, { size, suppressed }] of classes.entries()) {
    for (const [column, { loss, admitted }] of (costs[position] ?? []).entries()) {
      hidden += size * loss;
      bits[column] = (bits[column] as number) + size * Math.log2(admitted);
    }
    discernibility += size * (suppressed ? records : size);
    if (suppressed) continue;
    released += size;
    kept += 1;
  }
  const lost = columns.map((column, index) => {
    const own = ownBits(column);
    const most = records * Math.log2(Math.max(1, records)) - own;
    return most > 0 ? ((bits[index] as number) - own) / most : 0;
  });
  return {
    loss: records > 0 ? hidden / (records * columns.length) : 0,
    nonUniformEntropy: lost.reduce((sum, share) => sum + Math.max(0, share), 0) / Math.max(1, columns.length),
    discernibility,
    averageClassSize: kept > 0 ? released / kept : 0,
  };
}

/** Σ log2(records of the value), over the records. */
function ownBits({ codes, texts }: EncodedColumn): number {
  const counts = new Float64Array(texts.length);
  for (const code of codes) counts[code] = (counts[code] as number) + 1;
  return counts.reduce((sum, count) => sum + (count > 0 ? count * Math.log2(count) : 0), 0);
}

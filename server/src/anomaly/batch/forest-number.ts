import { type Cell, numberOfCell } from '@sdp/shared/contracts';

/** Beyond it a number doesn't fit float32, in which the forest computes. */
const largestFloat32 = 3.4e38;

/** The number in a cell as the forest takes it, NaN where there is none. */
export function forestNumber(cell: Cell | undefined): number {
  const value = numberOfCell(cell);
  return Math.abs(value) <= largestFloat32 ? Math.fround(value) : Number.NaN;
}

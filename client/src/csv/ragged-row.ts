import { InputError } from '@sdp/shared/errors';

/** @throws {InputError} `csv-ragged`; never for a short row if lenient */
export function assertRowWidth(row: number, cells: number, width: number, lenient: boolean): void {
  if (cells === width || (cells < width && lenient)) return;
  throw new InputError('csv-ragged', {
    message: `Row ${row} has ${cells} ${cells === 1 ? 'cell' : 'cells'}, the header has ${width}`,
    remedy:
      cells < width
        ? 'Correct the row, check --delimiter, or use --lenient to take missing cells as empty.'
        : 'Correct the row or check --delimiter; nothing says what its extra cells hold, so --lenient does not take them.',
    details: { row },
  });
}

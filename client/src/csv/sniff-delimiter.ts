import { SdpError } from '@sdp/shared/errors';
import { RowScanner } from './row-scanner.ts';

const candidates = [',', ';', '\t', '|'] as const;
const sampleRows = 100;

interface Shape {
  readonly delimiter: string;
  /** Cells of the first row. */
  readonly width: number;
  /** Whether all rows of the sample have that many. */
  readonly even: boolean;
}

/**
 * Guesses the delimiter from the first bytes of a file: the one that splits all the rows there into the same number of
 * cells, at least two; the widest if several do. Where none does, the one that splits the first row most, so that the
 * error about ragged rows is about the right delimiter. A comma where there is nothing to split.
 *
 * @param complete whether the sample is the whole file
 */
export function sniffDelimiter(sample: Uint8Array, complete: boolean): string {
  const shapes = candidates.map((delimiter) => shapeOf(sample, complete, delimiter));
  const widest = (list: readonly Shape[]) =>
    list.reduce<Shape | undefined>((best, shape) => (shape.width > (best?.width ?? 1) ? shape : best), undefined);
  return (widest(shapes.filter(({ even }) => even)) ?? widest(shapes))?.delimiter ?? ',';
}

function shapeOf(sample: Uint8Array, complete: boolean, delimiter: string): Shape {
  const scanner = new RowScanner(
    // Latin-1 takes every byte; delimiters, quotes and line ends are the same in UTF-8.
    { delimiter: delimiter.charCodeAt(0), encoding: 'latin1', lenient: false, maxRowBytes: sample.length },
    sample.length + 2,
  );
  scanner.push(sample);
  if (complete) scanner.finish();
  let width = 0;
  let even = true;
  try {
    while (scanner.rowNumber < sampleRows && scanner.next()) {
      if (scanner.rowNumber === 1) width = scanner.cellCount;
      else if (scanner.cellCount !== width) even = false;
    }
    // A first row longer than the sample still has a width.
    if (width === 0 && !complete) {
      scanner.finish();
      if (scanner.next()) width = scanner.cellCount;
    }
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    even = false;
  }
  return { delimiter, width, even };
}

import type { ColumnClass, Dictionary } from '@sdp/shared/detection';
import { openInputFile } from '../../client/src/files/index.ts';
import { type ScannedTable, sampleTable, scanTable } from '../../client/src/scan/index.ts';
import { readTestJson, testDataPath } from './test-data.ts';

/** Classes as the labels write them. */
export const labelClasses = ['D', 'Q', 'S', 'F', 'N'] as const;
export type LabelClass = (typeof labelClasses)[number];

interface Labels {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly encoding: string;
        readonly delimiter: string;
        readonly has_header: boolean;
        readonly columns: readonly {
          readonly index: number;
          readonly header: string | null;
          readonly cls: LabelClass;
          readonly type: string;
        }[];
      }
    >
  >;
}

/** How direct identifiers of one file, or of many, were found. */
export interface Score {
  readonly found: number;
  readonly missed: number;
  readonly false: number;
}

export interface FileScore extends Score {
  readonly file: string;
  readonly headerRight: boolean;
  /** Columns whose class is not that of the label. */
  readonly differing: readonly string[];
}

export interface Measured {
  readonly files: readonly FileScore[];
  readonly total: Score;
  /** Columns by the class of their label and the one they were given. */
  readonly confusion: Readonly<Record<LabelClass, Record<LabelClass, number>>>;
}

const letters: Readonly<Record<ColumnClass, LabelClass>> = {
  direct: 'D',
  quasi: 'Q',
  sensitive: 'S',
  text: 'F',
  none: 'N',
};

export const thisYear = 2026;

export function f1({ found, missed, false: wrong }: Score): number {
  return (2 * found) / Math.max(1, 2 * found + missed + wrong);
}

/** Scans one file of the test data as the command does. */
export async function scanTestFile(
  file: string,
  dictionary: Dictionary,
  csv: { delimiter?: string; encoding?: 'latin1' } = {},
): Promise<ScannedTable> {
  const path = testDataPath(file);
  const sample = await sampleTable(await openInputFile(path), {
    csv: { ...csv, lenient: true },
    rows: 2_000,
    whole: false,
    path,
    onProgress: () => undefined,
  });
  return scanTable(sample, dictionary, thisYear);
}

/** Scans every labelled file and compares. */
export async function measureLabelledFiles(dictionary: Dictionary): Promise<Measured> {
  const labels = readTestJson('labels', 'pii_column_labels.json') as Labels;
  const row = () => Object.fromEntries(labelClasses.map((name) => [name, 0])) as Record<LabelClass, number>;
  const confusion = Object.fromEntries(labelClasses.map((name) => [name, row()])) as Measured['confusion'];
  const files: FileScore[] = [];
  for (const [file, label] of Object.entries(labels.files)) {
    const encoding = label.encoding.startsWith('utf') ? {} : ({ encoding: 'latin1' } as const);
    const { columns, header } = await scanTestFile(file, dictionary, { delimiter: label.delimiter, ...encoding });
    const differing: string[] = [];
    const score = { found: 0, missed: 0, false: 0 };
    for (const { index, header: name, cls, type } of label.columns) {
      const column = columns[index];
      if (column === undefined) throw new Error(`${file} has no column ${index}`);
      const given = letters[column.class];
      confusion[cls][given] += 1;
      if (given === 'D') score[cls === 'D' ? 'found' : 'false'] += 1;
      else if (cls === 'D') score.missed += 1;
      if (given !== cls)
        differing.push(`${name ?? `column ${index + 1}`}: ${cls} ${type} taken for ${given} ${column.type}`);
    }
    files.push({ file, headerRight: header === label.has_header, differing, ...score });
  }
  return { files, total: sum(files), confusion };
}

export function sum(scores: readonly Score[]): Score {
  return scores.reduce<Score>(
    (all, { found, missed, false: wrong }) => ({
      found: all.found + found,
      missed: all.missed + missed,
      false: all.false + wrong,
    }),
    { found: 0, missed: 0, false: 0 },
  );
}

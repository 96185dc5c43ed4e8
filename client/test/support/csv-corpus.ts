import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, sep } from 'node:path';
import { testDataFolder, testDataPath } from '../../../test/support/test-data.ts';

export interface CorpusFile {
  /** Relative to the test data. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** A long run sets more: the largest of a few MB take minutes with all their cells tokenized. */
const maxBytes = Number(process.env['SDP_TEST_CORPUS_MIB'] ?? 0.25) * 1024 * 1024;

/** Every file of the test data that is, or claims to be, a CSV file. */
export function csvCorpus(): CorpusFile[] {
  const names = globSync(['csv-*/**/*.{csv,tsv,ssv,txt}', '**/*.csv'], { cwd: testDataFolder });
  return [...new Set(names)]
    .map((name) => name.split(sep).join('/'))
    .filter((name) => !/^(readme|license)/i.test(basename(name)) && !dirname(name).endsWith('json'))
    .filter(
      (name) => name.startsWith('csv-') || name.startsWith('pii-') || statSync(testDataPath(name)).size <= maxBytes,
    )
    .toSorted()
    .map((name) => ({ name, bytes: readFileSync(testDataPath(name)) }));
}

import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, sep } from 'node:path';
import { testDataFolder, testDataPath } from '../../../test/support/test-data.ts';

export interface CorpusFile {
  /** Relative to the test data. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every file of the test data that is, or claims to be, a CSV file. */
export function csvCorpus(): CorpusFile[] {
  const names = globSync(['csv-*/**/*.{csv,tsv,ssv,txt}', 'pii-*/**/*.csv'], { cwd: testDataFolder });
  return names
    .map((name) => name.split(sep).join('/'))
    .filter((name) => !/^(readme|license)/i.test(basename(name)) && !dirname(name).endsWith('json'))
    .toSorted()
    .map((name) => ({ name, bytes: readFileSync(testDataPath(name)) }));
}

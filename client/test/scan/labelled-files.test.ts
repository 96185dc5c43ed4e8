import { globSync } from 'node:fs';
import type { Dictionary } from '@sdp/shared/detection';
import { beforeAll, describe, expect, it } from 'vitest';
import { f1, type Measured, measureLabelledFiles, scanTestFile } from '../../../test/support/labelled-columns.ts';
import { hasTestData, testDataFolder } from '../../../test/support/test-data.ts';
import { loadDictionary } from '../../src/scan/index.ts';

const present = hasTestData('labels', 'pii_column_labels.json');

describe.skipIf(!present)('scan on the labelled files (skipped without ../shared/data)', () => {
  let dictionary: Dictionary;
  let measured: Measured;
  beforeAll(async () => {
    dictionary = await loadDictionary();
    measured = await measureLabelledFiles(dictionary);
  });

  it('finds direct identifiers with an F1 of at least 0.95', () => {
    expect(f1(measured.total)).toBeGreaterThanOrEqual(0.95);
  });

  it('misses no direct identifier', () => {
    expect(measured.files.filter(({ missed }) => missed > 0).map(({ file, differing }) => [file, differing])).toEqual(
      [],
    );
  });

  it('knows whether there is a header', () => {
    expect(measured.files.filter(({ headerRight }) => !headerRight).map(({ file }) => file)).toEqual([]);
  });

  it('takes few columns of other data for direct identifiers', async () => {
    let columns = 0;
    let direct = 0;
    for (const file of globSync(
      '{anom-adbench-csv,anom-adrepository,anom-nab,anon-arx-adult,anon-pycanon,credit-*}/**/*.csv',
      { cwd: testDataFolder },
    )) {
      const table = await scanTestFile(file, dictionary).catch(() => undefined);
      columns += table?.columns.length ?? 0;
      direct += table?.columns.filter((column) => column.class === 'direct').length ?? 0;
    }
    expect(columns).toBeGreaterThan(100);
    expect(direct / columns).toBeLessThan(0.01);
  }, 120_000);
});

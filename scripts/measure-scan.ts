// Measures `sdp scan` on the labelled test data and on invented tables: node --conditions=sdp-source scripts/measure-scan.ts
import { loadDictionary } from '../client/src/scan/index.ts';
import { inventedNames } from '../test/support/invented-names.ts';
import { inventTable, scoreInvented } from '../test/support/invented-tables.ts';
import { f1, measureLabelledFiles, type Score, sum } from '../test/support/labelled-columns.ts';
import { hasTestData, testDataFolder } from '../test/support/test-data.ts';

const cells = ({ found, missed, false: wrong }: Score) => ({
  found,
  missed,
  false: wrong,
  F1: found + missed + wrong === 0 ? '' : f1({ found, missed, false: wrong }).toFixed(3),
});

const dictionary = await loadDictionary();
if (hasTestData('labels')) {
  const { files, total, confusion } = await measureLabelledFiles(dictionary);
  console.log('Direct identifiers, by labelled file');
  console.table(
    Object.fromEntries(
      files.map((file) => [file.file, { ...cells(file), header: file.headerRight ? 'right' : 'WRONG' }]),
    ),
  );
  console.table({ all: cells(total) });
  console.log('Columns by label (down) and verdict (across)');
  console.table(confusion);
  for (const { file, differing } of files) for (const line of differing) console.log(`${file}: ${line}`);
} else console.log(`labelled files: skipped, there is no test data in ${testDataFolder}`);

const language = (locale: string) => locale.split('_')[0];
for (const withHeader of [true, false]) {
  for (const heldOut of [false, true]) {
    const scores: Score[] = [];
    for (const locale of Object.keys(inventedNames)) {
      const known = heldOut ? await loadDictionary((other) => language(other) !== language(locale)) : dictionary;
      scores.push(scoreInvented(inventTable(locale), known, withHeader));
    }
    console.log(
      `Invented tables of ${scores.length} locales, ${withHeader ? 'header' : 'no header'}, ${heldOut ? "word lists without the table's language" : 'all word lists'}`,
    );
    console.table({ all: cells(sum(scores)) });
  }
}

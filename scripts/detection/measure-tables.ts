// Measures `sdp scan` on the tables of invent_tables.py: node --conditions=sdp-source scripts/detection/measure-tables.ts OUT
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ColumnClass, classifyTable, hasHeaderRow } from '@sdp/shared/detection';
import { parse } from 'csv-parse/sync';
import { loadDictionary } from '../../client/src/scan/index.ts';
import { f1, thisYear } from '../../test/support/labelled-columns.ts';

interface Description {
  readonly header: boolean;
  readonly columns: readonly { readonly type: string; readonly cls: 'D' | 'Q' | 'F' | 'N' }[];
}

const letters: Readonly<Record<ColumnClass, string>> = {
  direct: 'D',
  quasi: 'Q',
  sensitive: 'Q',
  text: 'F',
  none: 'N',
};
const [folder = ''] = process.argv.slice(2);
const dictionary = await loadDictionary();
const results: Record<string, unknown> = {};
const misses = new Map<string, string[]>();

for (const kind of readdirSync(folder).sort()) {
  const score = { found: 0, missed: 0, false: 0 };
  const counts = { tables: 0, headers: 0, quasi: 0, quasiFound: 0, texts: 0, textsTreated: 0 };
  for (const file of globSync('*.csv', { cwd: join(folder, kind) }).sort()) {
    const rows: string[][] = parse(readFileSync(join(folder, kind, file), 'utf8'));
    const { header, columns } = JSON.parse(
      readFileSync(join(folder, kind, file.replace('.csv', '.json')), 'utf8'),
    ) as Description;
    const [first = [], ...rest] = rows;
    counts.tables += 1;
    if (hasHeaderRow(first, rest, dictionary, thisYear) === header) counts.headers += 1;
    const samples = first.map((name, index) => ({
      ...(header ? { name } : {}),
      cells: (header ? rest : rows).map((row) => (row[index] ?? '').trim()),
    }));
    classifyTable(samples, dictionary, thisYear).forEach((judged, index) => {
      const { cls, type } = columns[index] as Description['columns'][number];
      const given = letters[judged.class];
      if (cls === 'D') score[given === 'D' ? 'found' : 'missed'] += 1;
      // Words with identifiers here and there may be replaced whole.
      else if (given === 'D' && cls !== 'F') score.false += 1;
      if (cls === 'Q') counts.quasi += 1;
      if (cls === 'Q' && given === 'Q') counts.quasiFound += 1;
      if (cls === 'F') counts.texts += 1;
      if (cls === 'F' && (given === 'F' || given === 'D')) counts.textsTreated += 1;
      if ((cls === 'D') === (given === 'D') || cls === 'F') return;
      const what = `${kind} ${type}: ${cls} taken for ${judged.type}`;
      misses.set(what, [...(misses.get(what) ?? []), file.replace('.csv', '')]);
    });
  }
  const { tables, headers, quasi, quasiFound, texts, textsTreated } = counts;
  results[kind] = {
    ...score,
    F1: score.found + score.missed === 0 ? '' : f1(score).toFixed(3),
    header: `${headers}/${tables}`,
    quasi: `${quasiFound}/${quasi}`,
    texts: `${textsTreated}/${texts}`,
  };
}
console.table(results);
for (const [what, files] of [...misses].sort()) console.log(`${what} (${files.length}): ${files.join(' ')}`);

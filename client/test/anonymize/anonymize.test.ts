import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const at = (name: string) => join(folder.path, name);
const cities = ['Leeds', 'York', 'Lagos', 'Kano'];
const illnesses = ['flu', 'cold', 'asthma'];
const people = Array.from({ length: 60 }, (_, index) => ({
  id: `tok_${String(index % 30).padStart(32, '0')}`,
  age: String(20 + ((index * 7) % 40)),
  city: cities[(index * 3) % 4] ?? '',
  illness: illnesses[(index * 5) % 3] ?? '',
  note: `"seen, ${index % 4}"`,
}));
const header = ['id', 'age', 'city', 'illness', 'note'] as const;
const cell = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const csv = [header.join(','), ...people.map((row) => header.map((name) => cell(row[name])).join(','))].join('\n');
const roles = ['--quasi-identifier', 'age', '--quasi-identifier', 'city', '--sensitive', 'illness', '--keep', 'note'];

const run = (...args: string[]) => runSdp(['anonymize', ...args], { cwd: folder.path });
/** No cell of the test's releases has a comma but in quotes, and none has a line end. */
const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) =>
      Array.from(
        line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g),
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      ),
    )
    .map((cells) => (cells.slice(0, -1).length > 0 ? cells.slice(0, cells.at(-1) === '' ? -1 : undefined) : cells));
const sizesBy = (rows: readonly string[][]) =>
  Map.groupBy(rows, (row) => JSON.stringify(row))
    .values()
    .map(({ length }) => length)
    .toArray();

describe('sdp anonymize', () => {
  test.each([
    ['mondrian', []],
    ['optimal', ['--algorithm', 'optimal', '--suppression-limit', '0.2']],
  ])('releases by %s what was asked, and says so', async (_, flags) => {
    writeFileSync(at('people.csv'), csv);
    const args = ['--input', 'people.csv', '--output', 'out.csv', ...roles, '--drop', 'id', '--k', '4', '--l', '2'];
    const { status, stderr, json } = await run(...args, ...flags, '--json');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const [names, ...rows] = rowsOf(readFileSync(at('out.csv'), 'utf8'));
    expect(names).toEqual(['age', 'city', 'illness', 'note']);
    const classes = Map.groupBy(rows, ([age, city]) => JSON.stringify([age, city]));
    for (const members of classes.values()) {
      expect(members.length).toBeGreaterThanOrEqual(4);
      expect(new Set(members.map(([, , illness]) => illness)).size).toBeGreaterThanOrEqual(2);
    }
    expect(json()).toMatchObject({
      rows: 60,
      released: rows.length,
      suppressed: 60 - rows.length,
      classes: classes.size,
      k: { asked: 4, reached: Math.min(...[...classes.values()].map(({ length }) => length)) },
    });
    // What is kept is kept with its row, whatever the order.
    const kept = (each: readonly string[][]) =>
      sizesBy(each.map(([, , illness, note]) => [illness ?? '', note ?? ''])).sort();
    if (rows.length === 60)
      expect(kept(rows)).toEqual(kept(people.map(({ illness, note }) => ['', '', illness, note])));
    const again = await run('--measure', '--input', 'out.csv', ...roles, '--require', 'k=4,l=2');
    expect(again.status).toBe(0);
  });

  test('does not leave rows in their order unless told to', async () => {
    writeFileSync(at('people.csv'), csv);
    const order = async (...flags: string[]) => {
      const args = ['--input', 'people.csv', '--output', 'out.csv', ...roles, '--drop', 'id', '--k', '2', ...flags];
      expect((await run(...args)).status).toBe(0);
      return rowsOf(readFileSync(at('out.csv'), 'utf8'))
        .slice(1)
        .map((row) => row.slice(2).join('|'));
    };
    const expected = people.map(({ illness, note }) => `${illness}|${note}`);
    expect(await order('--keep-order')).toEqual(expected);
    const shuffled = await order();
    expect(shuffled).not.toEqual(expected);
    expect(shuffled.toSorted()).toEqual(expected.toSorted());
  });

  test('leaves tokens out, or renames them for one release alone', async () => {
    writeFileSync(at('people.csv'), csv);
    const release = async (...flags: string[]) => {
      const args = [
        '--input',
        'people.csv',
        '--output',
        'out.csv',
        ...roles,
        '--keep',
        'id',
        '--k',
        '2',
        '--keep-order',
      ];
      const { status, stderr } = await run(...args, ...flags);
      expect(status).toBe(0);
      expect(stderr).toContain('column id holds tokens');
      const text = readFileSync(at('out.csv'), 'utf8');
      return {
        text,
        ids: rowsOf(text)
          .slice(1)
          .map(([id = '']) => id),
      };
    };
    const dropped = await release();
    expect(dropped.text.split('\n')[0]).toBe('age,city,illness,note');
    const [first, second] = [await release('--tokens', 'rekey'), await release('--tokens', 'rekey')];
    for (const { text, ids } of [first, second]) {
      expect(text).not.toContain('tok_');
      expect(new Set(ids).size).toBe(30);
      expect(ids[0]).toBe(ids[30]);
      expect(ids[0]).toMatch(/^rel_[0-9a-f]{32}$/);
    }
    expect(first.ids.some((id) => second.ids.includes(id))).toBe(false);
    expect((await release('--tokens', 'keep')).ids).toEqual(people.map(({ id }) => id));
  });

  test('refuses to generalize tokens', async () => {
    writeFileSync(at('people.csv'), csv);
    const args = [
      '--input',
      'people.csv',
      '--output',
      'out.csv',
      '--quasi-identifier',
      'id',
      '--others',
      'drop',
      '--k',
      '2',
    ];
    const { status, stderr } = await run(...args);
    expect(status).toBe(4);
    expect(stderr).toContain('Column id holds tokens');
    expect(existsSync(at('out.csv'))).toBe(false);
  });

  test('leaves no output where a requirement is not met, with a status of its own', async () => {
    writeFileSync(at('people.csv'), csv);
    writeFileSync(at('out.csv'), 'before');
    const args = ['--input', 'people.csv', '--output', 'out.csv', ...roles, '--drop', 'id', '--k', '4'];
    const { status, stderr } = await run(...args, '--require', 'k=4,l=4,loss=0');
    expect(status).toBe(9);
    expect(stderr).toMatch(/l is \d and not 4, loss is 0\.\d+ and not 0/);
    expect(readFileSync(at('out.csv'), 'utf8')).toBe('before');
  });

  test.each([
    [
      'a table that can’t be as asked',
      [...roles, '--drop', 'id', '--k', '61'],
      4,
      'cannot be|nothing could be released',
    ],
    [
      'the same by the other algorithm',
      [...roles, '--drop', 'id', '--k', '61', '--algorithm', 'optimal'],
      4,
      'No generalization',
    ],
    ['a column without a role', [...roles, '--k', '2'], 4, 'A column has no role'],
    ['no quasi-identifier', ['--others', 'keep', '--k', '2'], 2, 'No column is named as a quasi-identifier'],
    ['a column that isn’t there', [...roles, '--drop', 'ID', '--k', '2'], 4, 'not in the file'],
    ['no k', [...roles, '--drop', 'id'], 2, 'There is no --k'],
    [
      'l without a sensitive column',
      ['--quasi-identifier', 'age', '--others', 'drop', '--k', '2', '--l', '2'],
      2,
      'no sensitive column',
    ],
    [
      'a requirement of nothing',
      [...roles, '--drop', 'id', '--k', '2', '--require', 'kk=2'],
      2,
      'list of requirements',
    ],
  ])('%s is refused', async (_, flags, status, message) => {
    writeFileSync(at('people.csv'), csv);
    const result = await run('--input', 'people.csv', '--output', 'out.csv', ...flags);
    expect(result.stderr).toMatch(new RegExp(message));
    expect(result.status).toBe(status);
    expect(existsSync(at('out.csv'))).toBe(false);
    for (const { note, illness } of people) expect(result.stderr).not.toMatch(new RegExp(`${note}|${illness}`));
  });

  test('takes roles and hierarchies from a configuration, flags going before it', async () => {
    writeFileSync(at('people.csv'), csv);
    mkdirSync(at('levels'));
    writeFileSync(at('levels/city.csv'), 'Leeds;England;*\nYork;England;*\nLagos;Nigeria;*\nKano;Nigeria;*\n');
    writeFileSync(
      at('release.yml'),
      'k: 2\nalgorithm: optimal\nhierarchies: levels\nothers: drop\ncolumns:\n  age: { role: quasi, hierarchy: intervals, widths: [10, 20] }\n  city: quasi\n  illness: { role: sensitive, l: 2 }\n',
    );
    const { status, json } = await run(
      '--input',
      'people.csv',
      '--output',
      'out.csv',
      '--config',
      'release.yml',
      '--k',
      '8',
      '--json',
    );
    expect(status).toBe(0);
    expect(json()).toMatchObject({
      k: { asked: 8 },
      transformations: 12,
      sensitive: [{ asked: { l: 2, l_model: 'distinct' } }],
    });
    for (const [age = '', city = ''] of rowsOf(readFileSync(at('out.csv'), 'utf8')).slice(1)) {
      expect(age).toMatch(/^(\*|\d+|\[\d+, \d+\))$/);
      expect(['*', 'England', 'Nigeria', ...cities]).toContain(city);
    }
  });

  test('names all that is wrong with a configuration', async () => {
    writeFileSync(at('people.csv'), csv);
    writeFileSync(at('release.yml'), 'k: 0\ncolumns:\n  age: { role: quasi, widths: [5, x] }\n  city: quasy\n');
    const { status, stderr } = await run('--input', 'people.csv', '--output', 'out.csv', '--config', 'release.yml');
    expect(status).toBe(3);
    expect(stderr).toContain('1:4, k');
    expect(stderr).toContain('3:35, columns.age.widths.1');
    expect(stderr).toContain('4:9, columns.city.role');
  });

  test('reads and writes NDJSON, with the types and nesting of what is kept', async () => {
    const lines = people.map(({ age, city, illness }, index) =>
      JSON.stringify({
        who: { age: Number(age), city: index === 3 ? null : city },
        illness,
        score: index % 2 === 0 ? 1.5 : 2,
        ok: index % 3 === 0,
      }),
    );
    writeFileSync(at('people.ndjson'), lines.join('\n'));
    const args = [
      '--quasi-identifier',
      'who.age',
      '--quasi-identifier',
      'who.city',
      '--sensitive',
      'illness',
      '--others',
      'keep',
    ];
    const { status } = await run(
      '--input',
      'people.ndjson',
      '--output',
      'out.ndjson',
      ...args,
      '--k',
      '3',
      '--keep-order',
    );
    expect(status).toBe(0);
    const rows = readFileSync(at('out.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(60);
    for (const [index, row] of rows.entries()) {
      expect(row).toMatchObject({
        illness: people[index]?.illness,
        score: index % 2 === 0 ? 1.5 : 2,
        ok: index % 3 === 0,
      });
      expect(Object.keys(row.who)).toEqual(['age', 'city']);
    }
    expect(Math.min(...sizesBy(rows.map(({ who }) => [String(who.age), String(who.city)])))).toBeGreaterThanOrEqual(3);
  });

  test('reads and writes Parquet, with the types of what is kept', async () => {
    const columnData = [
      { name: 'age', data: people.map(({ age }) => Number(age)), type: 'INT32' as const },
      { name: 'city', data: people.map(({ city }) => city), type: 'STRING' as const },
      { name: 'illness', data: people.map(({ illness }) => illness), type: 'STRING' as const },
      { name: 'score', data: people.map((_, index) => index / 4), type: 'DOUBLE' as const },
      { name: 'count', data: people.map((_, index) => BigInt(index)), type: 'INT64' as const },
      { name: 'ok', data: people.map((_, index) => (index === 5 ? null : index % 3 === 0)), type: 'BOOLEAN' as const },
    ];
    writeFileSync(at('people.parquet'), Buffer.from(parquetWriteBuffer({ columnData })));
    const args = [
      '--quasi-identifier',
      'age',
      '--quasi-identifier',
      'city',
      '--sensitive',
      'illness',
      '--others',
      'keep',
    ];
    const { status, stderr } = await run(
      '--input',
      'people.parquet',
      '--output',
      'out.parquet',
      ...args,
      '--k',
      '3',
      '--keep-order',
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const bytes = readFileSync(at('out.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const rows = await parquetReadObjects({ file });
    expect(rows.map(({ illness, score, count, ok }) => ({ illness, score, count, ok }))).toEqual(
      people.map(({ illness }, index) => ({
        illness,
        score: index / 4,
        count: BigInt(index),
        ok: index === 5 ? null : index % 3 === 0,
      })),
    );
    expect(Math.min(...sizesBy(rows.map(({ age, city }) => [String(age), String(city)])))).toBeGreaterThanOrEqual(3);
  });

  test('warns of what may give people away', async () => {
    const rows = people.map(
      ({ age, city }, index) => `${age},${city},u${index}@example.com,${index === 0 ? 'b' : 'a'}`,
    );
    writeFileSync(at('people.csv'), ['age,city,mail,result', ...rows].join('\n'));
    const { status, stderr } = await run(
      '--input',
      'people.csv',
      '--output',
      'out.csv',
      '--quasi-identifier',
      'age',
      '--sensitive',
      'result',
      '--keep',
      'mail',
      '--keep',
      'city',
      '--k',
      '3',
    );
    expect(status).toBe(0);
    expect(stderr).toContain('column mail looks like a direct identifier (email)');
    expect(stderr).toContain('column mail has a value of its own in 100 % of the rows');
    expect(stderr).toContain('column city looks like a quasi-identifier');
    expect(stderr).toContain('column result has one value in 98 % of the rows');
    expect(stderr).toContain('column result is the same for all people of at least one class');
  });

  test('makes a release of the sample by the sample configuration', async () => {
    const repository = resolve(import.meta.dirname, '../../..');
    const input = join(repository, 'data-samples/customers_raw.csv');
    const args = [
      '--config',
      join(repository, 'configs/customers_release.yml'),
      '--input',
      input,
      '--output',
      'out.csv',
    ];
    const { status, json } = await run(...args, '--json', '--require', 'k=5,l=3,t=0.3');
    expect(status).toBe(0);
    expect(json()).toMatchObject({ rows: 1_000, suppressed: 0, warnings: [] });
  });
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { scanCommand } from '../../src/commands/scan.ts';
import { readConfig } from '../../src/config/index.ts';
import { runCommand, temporaryFolder } from '../support/run-command.ts';

function folder(files: Readonly<Record<string, string | Buffer>>): string {
  const made = temporaryFolder();
  onTestFinished(() => made.remove());
  for (const [name, content] of Object.entries(files)) writeFileSync(join(made.path, name), content);
  return made.path;
}

const people = [
  ['Anna', 'Schulze', '1975-03-02', 'Kastanienallee 12', 'anna.schulze@posteo.example', '4111 1111 1111 1111'],
  ['Bernd', 'Vogel', '1990-11-23', 'Am Markt 3', 'bernd.vogel@posteo.example', '5500 0000 0000 0004'],
  ['Clara', 'Winter', '1984-07-14', 'Lindenstraße 44a', 'clara.winter@posteo.example', '4012 8888 8888 1881'],
  ['Dieter', 'Kraus', '1961-01-30', 'Gartenweg 7', 'dieter.kraus@posteo.example', '4222 2222 2222 2'],
  ['Emma', 'Seidel', '2001-05-09', 'Bergstr. 19', 'emma.seidel@posteo.example', '5105 1051 0510 5100'],
  ['Frank', 'Busch', '1979-12-17', 'Hauptstraße 101', 'frank.busch@posteo.example', '5555 5555 5555 4444'],
  ['Greta', 'Horn', '1968-09-05', 'Schulgasse 2', 'greta.horn@posteo.example', '4000 0566 5566 5556'],
  ['Heinz', 'Lorenz', '1955-02-28', 'Ringstraße 58', 'heinz.lorenz@posteo.example', '2223 0031 2200 3222'],
];
const header = 'Vorname;Nachname;Geburtsdatum;Strasse;E-Mail;Karte';
const rows = people.map((row) => row.join(';')).join('\n');
const customers = `${header}\n${rows}\n`;

interface Column {
  readonly name: string;
  readonly class: string;
  readonly type: string;
  readonly method: string;
  readonly namespace: string | null;
}

const columnsOf = (json: Readonly<Record<string, unknown>>, table = 0) =>
  (json['tables'] as { columns: Column[] }[])[table]?.columns ?? [];

test('says what each column holds', async () => {
  const cwd = folder({ 'kunden.csv': customers });
  const { json } = await runCommand(scanCommand, ['--input', 'kunden.csv', '--json'], { cwd });
  expect(columnsOf(json).map(({ name, type, method }) => [name, type, method])).toEqual([
    ['Vorname', 'first_name', 'token'],
    ['Nachname', 'last_name', 'token'],
    ['Geburtsdatum', 'date_of_birth', 'token'],
    ['Strasse', 'street_address', 'token'],
    ['E-Mail', 'email', 'email'],
    ['Karte', 'payment_card', 'card'],
  ]);
});

test('prints and writes no value', async () => {
  const cwd = folder({ 'kunden.csv': customers });
  const args = ['--input', 'kunden.csv', '--output', 'kunden.yml'];
  const text = await runCommand(scanCommand, args, { cwd });
  const { json } = await runCommand(scanCommand, [...args, '--whole', '--json'], { cwd });
  const shown = text.stdout + text.stderr + JSON.stringify(json) + readFileSync(join(cwd, 'kunden.yml'), 'utf8');
  for (const value of people.flat()) expect(shown).not.toContain(value);
});

test('writes a configuration that tokenize-config reads', async () => {
  const cwd = folder({ 'kunden.csv': customers });
  await runCommand(scanCommand, ['--input', 'kunden.csv', '--output', 'kunden.yml'], { cwd });
  const config = await readConfig(join(cwd, 'kunden.yml'));
  expect(config.sourceTable).toBe('kunden');
  expect([...config.columns.keys()]).toEqual(header.split(';'));
  expect(config.columns.get('E-Mail')).toMatchObject({ method: 'email' });
});

test('names that YAML would take for something else stay names', async () => {
  const names = ['null', 'a: b', '# x', '"q"', '2024', "it's"];
  const cwd = folder({ 't.csv': `${names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')}\n1,2,3,4,5,6\n` });
  await runCommand(scanCommand, ['--input', 't.csv', '--output', 't.yml'], { cwd });
  expect([...(await readConfig(join(cwd, 't.yml'))).columns.keys()]).toEqual(names);
});

test('knows a file without a header, and quotes none of its cells', async () => {
  const cwd = folder({ 'kunden.csv': `${rows}\n` });
  const { json, stderr } = await runCommand(scanCommand, ['--input', 'kunden.csv', '--json'], { cwd });
  expect((json['tables'] as { header: boolean }[])[0]?.header).toBe(false);
  expect(columnsOf(json).map((column) => column.class)).toEqual(people[0]?.map(() => 'direct'));
  expect(columnsOf(json).map(({ name }) => name)).toEqual([1, 2, 3, 4, 5, 6].map((number) => `column_${number}`));
  expect(stderr).toContain('has no header');
});

test('reads Latin-1 by itself', async () => {
  const cwd = folder({ 'kunden.csv': Buffer.from(customers, 'latin1') });
  const { json, stderr } = await runCommand(scanCommand, ['--input', 'kunden.csv', '--json'], { cwd });
  expect((json['tables'] as { encoding: string }[])[0]?.encoding).toBe('latin1');
  expect(stderr).toContain('--encoding latin1');
});

test('reads files with missing cells, and says so once', async () => {
  const cwd = folder({ 'kunden.csv': `${customers}Nina;Wolf\n` });
  const { json, stderr } = await runCommand(scanCommand, ['--input', 'kunden.csv', '--json'], { cwd });
  expect(columnsOf(json).map((column) => column.class)).toEqual(people[0]?.map(() => 'direct'));
  expect(stderr.match(/--lenient/g)).toHaveLength(1);
});

test('reads compressed files and standard input', async () => {
  const cwd = folder({ 'kunden.csv.gz': gzipSync(customers) });
  const packed = await runCommand(scanCommand, ['--input', 'kunden.csv.gz', '--json'], { cwd });
  const piped = await runCommand(scanCommand, ['--input', '-', '--json'], { cwd, stdin: customers });
  expect((packed.json['tables'] as { source_table: string }[])[0]?.source_table).toBe('kunden');
  expect(columnsOf(packed.json)).toEqual(columnsOf(piped.json));
});

test('gives columns of several files that can be joined one namespace', async () => {
  const cwd = folder({
    'a.csv': 'customer_id,email\nK1,a@b.example\nK2,c@d.example\n',
    'b.csv': 'order,CUSTOMER_ID\n1,K1\n2,K2\n',
  });
  const { json } = await runCommand(
    scanCommand,
    ['--input', 'a.csv', '--input', 'b.csv', '--output', 'out', '--json'],
    { cwd },
  );
  expect(columnsOf(json, 0)[0]?.namespace).toBe('shared.customer_id');
  expect(columnsOf(json, 1)[1]?.namespace).toBe('shared.customer_id');
  expect(readdirSync(join(cwd, 'out')).sort()).toEqual(['a.yml', 'b.yml']);
});

test('--whole finds one identifier outside of the sample', async () => {
  const lines = Array.from(
    { length: 5_000 },
    (_, index) => `${index},${index === 4_321 ? '4111 1111 1111 1111' : 'fine'}`,
  );
  const cwd = folder({ 't.csv': `nr,result\n${lines.join('\n')}\n` });
  const args = ['--input', 't.csv', '--sample', '10', '--json'];
  const sampled = await runCommand(scanCommand, args, { cwd });
  const whole = await runCommand(scanCommand, [...args, '--whole'], { cwd });
  expect(columnsOf(sampled.json)[1]).toMatchObject({ class: 'none' });
  expect(columnsOf(whole.json)[1]).toMatchObject({ class: 'text', type: 'mixed', method: 'text' });
});

test('leaves no configuration where the file cannot be read', async () => {
  const cwd = folder({ 't.csv': 'a,b\n1,2\n3,4,5\n' });
  const { error } = await runCommand(scanCommand, ['--input', 't.csv', '--output', 't.yml'], { cwd });
  expect(error).toMatchObject({ code: 'csv-ragged' });
  expect(readdirSync(cwd)).toEqual(['t.csv']);
});

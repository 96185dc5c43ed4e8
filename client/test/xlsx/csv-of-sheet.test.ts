import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const sdp = (...args: string[]) =>
  runSdp(args, { cwd: folder.path, env: { SDP_CRYPTO_KEY: Buffer.alloc(32, 5).toString('base64url') } });

/** A zip archive of stored entries (PKWARE APPNOTE 4.3). */
function zip(entries: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(entries)) {
    const data = Buffer.from(text);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fields, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end]);
}

const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packages = 'http://schemas.openxmlformats.org/package/2006';
const text = (cell: string, value: string) =>
  `<c r="${cell}" t="inlineStr"><is><t xml:space="preserve">${value}</t></is></c>`;
const sheet = (rows: readonly string[]) =>
  `${xml}<worksheet xmlns="${main}"><sheetData>${rows.map((cells, at) => `<row r="${at + 1}">${cells}</row>`).join('')}</sheetData></worksheet>`;

beforeAll(() => {
  const workbook = zip({
    '[Content_Types].xml': `${xml}<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>`,
    '_rels/.rels': `${xml}<Relationships xmlns="${packages}/relationships"><Relationship Id="r1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${xml}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets><sheet name="People" sheetId="1" r:id="r1"/><sheet name="More" sheetId="2" r:id="r2"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${xml}<Relationships xmlns="${packages}/relationships"><Relationship Id="r1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="${relations}/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="r3" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `${xml}<styleSheet xmlns="${main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
    'xl/worksheets/sheet1.xml': sheet([
      text('A1', 'name') + text('B1', 'born') + text('C1', 'amount') + text('D1', 'sum'),
      `${text('A2', ' Ann, "A" ')}<c r="B2" s="1"><v>29221</v></c><c r="C2"><v>1.1000000000000001</v></c><c r="D2"><f>C2*2</f><v>2.2</v></c>`,
      `${text('A3', '00123')}<c r="C3" t="b"><v>1</v></c>`,
    ]),
    'xl/worksheets/sheet2.xml': sheet([text('A1', 'x'), text('A2', 'one')]),
  });
  writeFileSync(join(folder.path, 'book.xlsx'), workbook);
});

const tokenize = (output: string, ...more: string[]) =>
  sdp('tokenize-csv', '--input', 'book.xlsx', '--output', output, '--source-table', 't', ...more);
const read = (name: string) => readFileSync(join(folder.path, name), 'utf8');

test('gives what the workbook stores: texts, dates, numbers as typed, results of formulas', async () => {
  const run = await tokenize('out.csv', '--column', 'amount');
  expect(run.status, run.stderr).toBe(0);
  expect((await sdp('detokenize', '--input', 'out.csv', '--output', 'back.csv', '--reason', 'test')).status).toBe(0);
  expect(read('back.csv')).toBe('name,born,amount,sum\r\n" Ann, ""A"" ",1980-01-01,1.1,2.2\r\n00123,,true,\r\n');
});

test('takes a sheet by its name', async () => {
  expect((await tokenize('more.csv', '--sheet', 'More', '--column', 'x')).status).toBe(0);
  expect(read('more.csv')).toMatch(/^x\r\ntok_[0-9a-f]{32}\r\n$/);
  expect((await tokenize('none.csv', '--sheet', 'more', '--column', 'x')).stderr).toMatch(/no sheet of that name/);
});

test('refuses what is no workbook, and an output that would be none', async () => {
  writeFileSync(join(folder.path, 'broken.xlsx'), readFileSync(join(folder.path, 'book.xlsx')).subarray(0, 900));
  const broken = await sdp(
    'tokenize-csv',
    '--input',
    'broken.xlsx',
    '--output',
    'no.csv',
    '--source-table',
    't',
    '--column',
    'x',
  );
  expect(`${broken.status} ${broken.stderr}`).toMatch(/^4 .*workbook/);
  expect((await tokenize('no.xlsx', '--column', 'name')).status).toBe(2);
});

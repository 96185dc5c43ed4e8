import { readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** A workbook of one sheet. */
function bookOf(sheetXml: string, { texts = '', settings = '' } = {}): Buffer {
  return zip({
    'xl/workbook.xml': `${xml}<x:workbook xmlns:x="${main}" xmlns:r="${relations}">${settings}<x:sheets><x:sheet name="S" sheetId="1" r:id="r1"/></x:sheets></x:workbook>`,
    'xl/_rels/workbook.xml.rels': `${xml}<Relationships xmlns="${packages}/relationships"><Relationship Id="r1" Type="${relations}/worksheet" Target="/xl/Sheets/One.xml"/><Relationship Id="r2" Type="${relations}/sharedStrings" Target="texts.xml"/><Relationship Id="r3" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `${xml}<styleSheet xmlns="${main}"><numFmts><numFmt numFmtId="164" formatCode="[$-409]d. mmm yyyy;@"/><numFmt numFmtId="165" formatCode="&quot;days&quot; 0"/><numFmt numFmtId="166" formatCode="[h]:mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="20"/></cellXfs></styleSheet>`,
    'xl/texts.xml': `${xml}<sst xmlns="${main}">${texts}</sst>`,
    'xl/sheets/one.xml': sheetXml,
  });
}
const csvOf = async (workbook: Buffer) => {
  writeFileSync(join(folder.path, 'one.xlsx'), workbook);
  rmSync(join(folder.path, 'one.csv'), { force: true });
  const keep = ['--method', 'a=keep'];
  const run = await sdp('tokenize-csv', '--input', 'one.xlsx', '--output', 'one.csv', '--source-table', 't', ...keep);
  return run.status === 0 ? read('one.csv') : `${run.status} ${run.stderr}`;
};

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

test('reads shared texts, runs in several fonts, errors, dates of both calendars, and rows that leave some out', async () => {
  const texts =
    '<si><t>a</t></si><si><r><t xml:space="preserve">one </t></r><r><t>two</t></r><rPh><t>no</t></rPh></si>';
  const cells = [
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="str"><v>b</v></c></row>',
    '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="C3" t="e"><v>#N/A</v></c></row>',
    '<row r="4"><c r="A4" s="1"><v>45351.5</v></c><c r="B4" s="2"><v>3</v></c><c r="C4" s="3"><v>1.25</v></c></row>',
    '<row><c s="4"><v>0.25</v></c><c t="d"><v>2024-02-29</v></c><c t="str"><v>x_x000D_y</v></c></row>',
    '<row r="9"/>',
  ];
  const sheetOf = `${xml}<worksheet xmlns="${main}"><sheetData>${cells.join('')}</sheetData></worksheet>`;
  expect(await csvOf(bookOf(sheetOf, { texts }))).toBe(
    'a,b,\r\n,,\r\none two,,#N/A\r\n2024-02-29T12:00:00,3,1.25\r\n06:00:00,2024-02-29,"x\ry"\r\n',
  );
  const since1904 = await csvOf(bookOf(sheetOf, { texts, settings: '<x:workbookPr date1904="1"/>' }));
  expect(since1904).toContain('2028-03-01T12:00:00,3,1.25\r\n06:00:00');
});

test.each([
  ['a document type', sheet([text('A1', 'a')]).replace(xml, `${xml}<!DOCTYPE x [<!ENTITY e "e">]>`)],
  ['a cell without an end', sheet([`${text('A1', 'a')}<c t="inlineStr"><is><t>${'x'.repeat(5 << 20)}</t></is></c>`])],
  ['rows in no order', sheet([text('A1', 'a')]).replace('<row r="1">', '<row r="2"/><row r="1">')],
  ['a column beyond the last', sheet([text('A1', 'a') + text('XFE1', 'b')])],
  ['a text that is not there', sheet([`${text('A1', 'a')}<c r="B1" t="s"><v>7</v></c>`])],
])('refuses %s', async (_, sheetXml) => {
  expect(await csvOf(bookOf(sheetXml))).toMatch(/^4 .*workbook/);
});

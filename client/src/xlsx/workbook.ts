import { InputError } from '@sdp/shared/errors';
import { isDateFormat, isDateFormatId } from './cell-dates.ts';
import { PackageParts, relationsOf, targetOf } from './package-parts.ts';
import { parseAll, type XmlAttributes } from './parse-xml.ts';
import { SharedTexts } from './shared-texts.ts';

/** What the cells of a sheet refer to. */
export interface Workbook {
  /** The sheet, unpacked as it comes; may be read more than once. */
  sheet(): AsyncGenerator<Uint8Array>;
  readonly texts: SharedTexts;
  /** Whether cells of a style show a date, by the style's number. */
  readonly dateStyles: readonly boolean[];
  readonly since1904: boolean;
  close(): void;
}

interface Relation {
  readonly type: string;
  readonly target: string;
}

/**
 * Opens an .xlsx file (ECMA-376).
 *
 * @param sheet its name; the first where left out
 * @throws {InputError} `csv-column-unknown` for a sheet that isn't there, `xlsx-invalid`
 * @throws {Error} of the libraries
 */
export async function openWorkbook(path: string, sheet: string | undefined): Promise<Workbook> {
  const parts = await PackageParts.open(path);
  try {
    const root = [...(await relationsIn(parts, '')).values()].find(({ type }) => type === 'officeDocument');
    const main = root?.target ?? 'xl/workbook.xml';
    const relations = await relationsIn(parts, main);
    const { sheets, since1904 } = await sheetsIn(parts, main);
    const worksheets = sheets.flatMap(({ name, id }) => {
      const relation = relations.get(id);
      return relation?.type === 'worksheet' ? [{ name, part: relation.target }] : [];
    });
    const found = worksheets.find(({ name }) => sheet === undefined || name === sheet);
    if (found === undefined) throw missing(sheet);
    const partOf = (type: string) => [...relations.values()].find((each) => each.type === type)?.target;
    const [textsPart, stylesPart] = [partOf('sharedStrings'), partOf('styles')];
    return {
      sheet: () => parts.bytesOf(found.part),
      texts: await SharedTexts.read(textsPart === undefined ? nothing() : parts.bytesOf(textsPart)),
      dateStyles: stylesPart === undefined ? [] : await dateStylesIn(parts.bytesOf(stylesPart)),
      since1904,
      close: () => parts.close(),
    };
  } catch (error) {
    parts.close();
    throw error;
  }
}

async function relationsIn(parts: PackageParts, part: string): Promise<Map<string, Relation>> {
  const relations = new Map<string, Relation>();
  await parseAll(atLeast(parts.bytesOf(relationsOf(part))), {
    open: (name, { Id = '', Type = '', Target = '' }) => {
      const type = Type.slice(Type.lastIndexOf('/') + 1);
      if (name === 'Relationship') relations.set(Id, { type, target: targetOf(part, Target) });
    },
  });
  return relations;
}

async function sheetsIn(parts: PackageParts, part: string) {
  const sheets: { name: string; id: string }[] = [];
  let since1904 = false;
  await parseAll(parts.bytesOf(part), {
    open: (element, attributes) => {
      if (element === 'workbookPr') since1904 = /^(?:1|true)$/.test(attributes['date1904'] ?? '');
      if (element === 'sheet') sheets.push({ name: attributes['name'] ?? '', id: relationIdOf(attributes) });
    },
  });
  return { sheets, since1904 };
}

/** `r:id`, whatever stands for the namespace. */
function relationIdOf(attributes: XmlAttributes): string {
  return Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1] ?? '';
}

async function dateStylesIn(part: AsyncIterable<Uint8Array>): Promise<boolean[]> {
  const formats = new Map<number, string>();
  const styles: boolean[] = [];
  let inCells = false;
  await parseAll(part, {
    open: (name, { numFmtId, formatCode = '' }) => {
      if (name === 'numFmt') formats.set(Number(numFmtId), formatCode);
      if (name === 'cellXfs') inCells = true;
      if (name !== 'xf' || !inCells) return;
      const format = formats.get(Number(numFmtId));
      styles.push(format === undefined ? isDateFormatId(Number(numFmtId)) : isDateFormat(format));
    },
    close: (name) => {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return styles;
}

/** A part that may be missing is an empty document. */
async function* atLeast(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let any = false;
  for await (const chunk of source) {
    any = true;
    yield chunk;
  }
  if (!any) yield* nothing();
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('<none/>');
}

function missing(sheet: string | undefined): InputError {
  if (sheet === undefined) return new InputError('xlsx-invalid', { message: 'The workbook has no sheet of cells' });
  return new InputError('csv-column-unknown', {
    message: 'The workbook has no sheet of that name',
    remedy: 'Check --sheet; names are compared exactly.',
  });
}

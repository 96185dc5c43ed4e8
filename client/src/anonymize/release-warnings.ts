import type { EncodedColumn, Protection } from '@sdp/shared/anonymization';
import { classifyTable } from '@sdp/shared/detection';
import { loadDictionary } from '../scan/index.ts';

const sampleRows = 2_000;
/** Columns in which so large a share of the records has a value of its own single people out. */
const nearlyUnique = 0.5;
/** Fewer records say nothing of a column. */
const fewestRecords = 20;

/** What somebody should know before the release goes out. Names columns, never values. */
export async function warningsOf(
  visible: readonly EncodedColumn[],
  sensitive: readonly EncodedColumn[],
  protection: Protection,
): Promise<string[]> {
  const warnings: string[] = [];
  const records = visible[0]?.codes.length ?? 0;
  const step = Math.max(1, Math.floor(records / sampleRows));
  const rows = Array.from({ length: Math.min(records, sampleRows) }, (_, index) => index * step);
  const dictionary = await loadDictionary();
  const classified = classifyTable(
    visible.map(({ name, texts, codes }) => ({
      name,
      cells: rows.map((row) => (texts[codes[row] as number] as string).trim()),
    })),
    dictionary,
    new Date().getFullYear(),
  );
  for (const [index, { name, codes, texts }] of visible.entries()) {
    const found = classified[index];
    const isSensitive = sensitive.some((column) => column.name === name);
    if (found?.class === 'direct')
      warnings.push(`column ${name} looks like a direct identifier (${found.type}) and is released as it stands`);
    else if (found?.class === 'text')
      warnings.push(`column ${name} holds free text, in which people may be named; it is released as it stands`);
    else if (found?.class === 'quasi' && !isSensitive)
      warnings.push(`column ${name} looks like a quasi-identifier (${found.type}) and is released as it stands`);
    const single = ownValues(codes, texts.length);
    if (records >= fewestRecords && single > nearlyUnique * records) {
      warnings.push(
        `column ${name} has a value of its own in ${percent(single / records)} of the rows: whoever knows it knows the row`,
      );
    }
  }
  if (sensitive.length === 0) {
    warnings.push('no column is named as sensitive: what people of one class have in common is not hidden');
  }
  for (const column of sensitive) {
    const most = mostFrequent(column);
    if (most > 0.8)
      warnings.push(
        `column ${column.name} has one value in ${percent(most)} of the rows: it can be guessed whatever k is`,
      );
    const own = protection.sensitive.find(({ column: name }) => name === column.name);
    if (protection.classes > 0 && own?.distinctL === 1) {
      warnings.push(
        `column ${column.name} is the same for all people of at least one class: whoever finds the class knows it`,
      );
    }
  }
  return warnings;
}

function countsOf(codes: Uint32Array, domain: number): Uint32Array {
  const counts = new Uint32Array(domain);
  for (const code of codes) counts[code] = (counts[code] as number) + 1;
  return counts;
}

/** Records whose value no other has; gaps don't count. */
function ownValues(codes: Uint32Array, domain: number): number {
  return countsOf(codes, domain).reduce((sum, count, code) => sum + (code > 0 && count === 1 ? 1 : 0), 0);
}

function mostFrequent({ codes, texts }: EncodedColumn): number {
  return countsOf(codes, texts.length).reduce((most, count) => Math.max(most, count), 0) / Math.max(1, codes.length);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

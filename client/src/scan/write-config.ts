import type { ColumnConfig } from '../config/index.ts';
import type { Proposal } from './propose-method.ts';
import type { ScannedTable } from './scan-table.ts';

/** A table and what is proposed for each of its columns. */
export interface ProposedTable {
  readonly table: ScannedTable;
  readonly sourceTable: string;
  readonly proposals: readonly Proposal[];
}

const optionNames = { namespace: 'namespace', onInvalid: 'on_invalid' } as const;

/** The column whose values tell the rows apart, if there is one: an id before anything else. */
export function keyColumnOf({ table, proposals }: ProposedTable): string | undefined {
  if (!table.header) return undefined;
  const ids = table.columns.filter(
    ({ type, filled, distinct, label, index }) =>
      (type === 'person_id' || type === 'row_id') &&
      filled >= table.sample.rows.length &&
      distinct === filled &&
      isAddressable(table, index) &&
      label !== '' &&
      ['token', 'keep'].includes(proposals[index]?.config.method ?? ''),
  );
  return (ids.find(({ type }) => type === 'person_id') ?? ids[0])?.label;
}

/** Whether a configuration can name the column: it has a name and is the first that goes by it. */
export function isAddressable({ header, columns }: ScannedTable, index: number): boolean {
  const label = columns[index]?.label;
  if (!header) return true;
  return columns[index]?.name !== undefined && columns.findIndex((column) => column.label === label) === index;
}

/** A configuration for `tokenize-config`, with the reasons as comments. It holds no value of the table. */
export function configText(proposed: ProposedTable): string {
  const { table, sourceTable, proposals } = proposed;
  const { columns, sample, header } = table;
  const key = keyColumnOf(proposed);
  const lines = [
    `# Drafted by sdp scan from ${sample.complete ? `all ${sample.rowsRead} rows` : `a sample of ${sample.rowsRead} rows`}. Read it before you use it: a scan finds much, not all.`,
    ...(header
      ? []
      : [
          '# The file has no header. Put one on top first:',
          `#   ${columns.map(({ label }) => label).join(sample.dialect.delimiter === '\t' ? '<tab>' : sample.dialect.delimiter)}`,
        ]),
    `source_table: ${scalar(sourceTable)}`,
    ...(key === undefined ? [] : [`key_column: ${scalar(key)}`]),
    'default: error',
    'columns:',
  ];
  columns.forEach((column, index) => {
    const proposal = proposals[index] as Proposal;
    const reason = `${column.type}${column.kind === undefined ? '' : ` (${column.kind})`}, ${column.class}, confidence ${column.confidence.toFixed(2)}: ${column.evidence.join('; ')}`;
    lines.push('', ...comment(reason), ...(proposal.advice === undefined ? [] : comment(proposal.advice)));
    const entry = `  ${scalar(column.label)}: ${configOf(proposal.config)}`;
    if (isAddressable(table, index)) lines.push(entry);
    else lines.push(...comment(`column ${index + 1} cannot be named here: it has no name, or that of another column`));
  });
  return `${lines.join('\n')}\n`;
}

function configOf(config: ColumnConfig): string {
  const options = Object.entries(config)
    .filter(([property]) => property !== 'method')
    .map(([property, value]) => `${optionNames[property as keyof typeof optionNames]}: ${scalar(String(value))}`);
  return `{ ${[`method: ${config.method}`, ...options].join(', ')} }`;
}

function comment(text: string): string[] {
  return [`  # ${text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')}`];
}

/** Words that YAML takes for something else than text. */
const reserved = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

/** A text as YAML takes it: plain where that is safe, else as a JSON string, which YAML reads too. */
function scalar(text: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(text) && !reserved.test(text) ? text : JSON.stringify(text);
}

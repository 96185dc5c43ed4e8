import { type ColumnClass, columnClasses } from '@sdp/shared/detection';
import { isAddressable, keyColumnOf, type ProposedTable } from '../scan/index.ts';
import { formatNumber, type Table } from '../terminal/index.ts';
import { type CommandContext, pathForPeople } from './context.ts';

/** A scanned file, and where its configuration went. */
export interface ReportedTable extends ProposedTable {
  readonly input: string;
  readonly config: string | undefined;
}

const classNames: Readonly<Record<ColumnClass, string>> = {
  direct: 'DIRECT',
  quasi: 'quasi',
  sensitive: 'sensitive',
  text: 'text',
  none: '-',
};

/** The outcome of `scan`. Values are shown by their form alone. */
export function reportScan(context: CommandContext, tables: readonly ReportedTable[]): void {
  const { terminal } = context;
  for (const { table, input } of tables) {
    if (!table.header) {
      terminal.warn(
        `${input} has no header; its columns are called column_1, column_2 and so on here. Put such a line on top before you tokenize it: its first row would be taken for names otherwise`,
      );
    }
    const nameless = table.columns.filter(({ index }) => !isAddressable(table, index)).length;
    if (nameless > 0) {
      terminal.warn(`${input}: ${nameless} columns have no name, or that of another column, and cannot be configured`);
    }
    if (table.sample.dialect.encoding === 'latin1') {
      terminal.warn(`${input} is not in UTF-8; give --encoding latin1 to tokenize-config as well`);
    }
  }
  terminal.result(
    tables.flatMap((table, index) => [...(index === 0 ? [] : ['']), ...textOf(context, table, tables.length > 1)]),
    { tables: tables.map(jsonOf) },
  );
}

function textOf(context: CommandContext, reported: ReportedTable, withName: boolean): (string | Table)[] {
  const { table, proposals, config, input } = reported;
  const { sample, columns } = table;
  const counts = columnClasses
    .map((name) => ({ name, count: columns.filter((column) => column.class === name).length }))
    .filter(({ count, name }) => count > 0 && name !== 'none')
    .map(({ name, count }) => `${count} ${name}`);
  return [
    ...(withName ? [input, ''] : []),
    {
      columns: ['column', 'class', 'type', 'sure', 'method', 'form', 'evidence'],
      rows: columns.map((column, index) => [
        column.label,
        classNames[column.class],
        column.type,
        column.confidence.toFixed(2),
        proposals[index]?.config.method ?? '',
        column.form ?? '',
        column.class === 'none' ? '' : (column.evidence.at(-1) ?? ''),
      ]),
    },
    '',
    `${formatNumber(columns.length)} columns: ${counts.length === 0 ? 'no personal data found' : counts.join(', ')}; ${
      sample.complete
        ? `${formatNumber(sample.rowsRead)} rows read`
        : `a sample of ${formatNumber(sample.rowsRead)} rows`
    }`,
    ...(config === undefined || config === '-' ? [] : ['', `config  ${pathForPeople(context, config)}`]),
  ];
}

function jsonOf(reported: ReportedTable): Readonly<Record<string, unknown>> {
  const { table, sourceTable, proposals, input, config } = reported;
  return {
    input,
    source_table: sourceTable,
    header: table.header,
    delimiter: table.sample.dialect.delimiter,
    encoding: table.sample.dialect.encoding,
    rows_read: table.sample.rowsRead,
    rows_judged: table.sample.rows.length,
    complete: table.sample.complete,
    key_column: keyColumnOf(reported) ?? null,
    config: config ?? null,
    columns: table.columns.map((column, index) => {
      const { method, ...options } = proposals[index]?.config ?? { method: 'keep' };
      return {
        index: column.index,
        name: column.label,
        class: column.class,
        type: column.type,
        kind: column.kind ?? null,
        confidence: Number(column.confidence.toFixed(2)),
        evidence: column.evidence,
        form: column.form ?? null,
        filled: column.filled,
        distinct: column.distinct,
        method,
        namespace: 'namespace' in options ? (options.namespace ?? null) : null,
      };
    }),
  };
}

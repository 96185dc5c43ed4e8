import { type FrequencyReport, fewestJudged } from '@sdp/shared/tokenization';
import {
  type ColumnTally,
  type DryRunOutcome,
  irreversibleShifts,
  namespaceOf,
  type TokenizeOutcome,
} from '../pipeline/index.ts';
import { formatBytes, formatCount, type Table, type Terminal } from '../terminal/index.ts';
import { type CommandContext, pathForPeople } from './context.ts';

/** The summary of `tokenize-csv` and `tokenize-config`. */
export function reportTokenized(context: CommandContext, outcome: TokenizeOutcome): void {
  const { terminal } = context;
  const { manifest, tallies, outputPath, manifestPath, vaultPath, newValues } = outcome;
  warnOfColumns(terminal, outcome);
  const treated = tallies.filter(({ rule }) => rule.method !== 'keep');
  const kept = tallies.length - treated.length;
  const name = (path: string) => pathForPeople(context, path);
  terminal.result(
    [
      ...(treated.length === 0 ? [] : [treatedTable(treated), '']),
      ...frequencyTable(treated),
      `${formatCount(manifest.row_count, 'row')}; ${keptText(kept)}; ${formatCount(newValues, 'value')} new to the vault`,
      '',
      ...(outputPath === '-' ? [] : [`output    ${name(outputPath)} (${formatBytes(manifest.file.bytes)})`]),
      `manifest  ${name(manifestPath)}`,
      `vault     ${name(vaultPath)}`,
    ],
    {
      rows: manifest.row_count,
      columns: tallies.map(columnJson),
      new_values: newValues,
      output: outputPath,
      bytes: manifest.file.bytes,
      sha256: manifest.file.sha256,
      manifest: manifestPath,
      vault: vaultPath,
    },
  );
}

/** The summary of a run with --dry-run. */
export function reportDryRun(context: CommandContext, { rows, tallies, bytes }: DryRunOutcome): void {
  const { terminal } = context;
  warnOfColumns(terminal, { tallies });
  const treated = tallies.filter(({ rule }) => rule.method !== 'keep');
  terminal.result(
    [
      ...(treated.length === 0 ? [] : [treatedTable(treated), '']),
      ...frequencyTable(treated),
      `${formatCount(rows, 'row')}; ${keptText(tallies.length - treated.length)}`,
      '',
      `nothing was written; the output would have ${formatBytes(bytes)}`,
    ],
    { dry_run: true, rows, columns: tallies.map(columnJson), bytes },
  );
}

/** Warns of what happened to the columns of one file; of several ones the warnings name it. */
export function warnOfColumns(
  terminal: Terminal,
  { tallies, respelled }: Pick<TokenizeOutcome, 'tallies'> & { readonly respelled?: number },
  file?: string,
): void {
  const warn = (text: string) => terminal.warn(file === undefined ? text : `${file}: ${text}`);
  for (const note of irreversibleShifts(tallies.map(({ rule }) => rule))) warn(note);
  for (const tally of tallies) warnOf(warn, tally);
  if (respelled === undefined || respelled === 0) return;
  const strings = formatCount(respelled, 'string');
  warn(`${strings} with other escapes than the rest: detokenize gives them back equal, spelled as the rest`);
}

function warnOf(warn: (text: string) => void, tally: ColumnTally): void {
  const { rule, tokenShaped, invalid, respelled, frequencies } = tally;
  const cells = (count: number) => formatCount(count, 'cell');
  if (tokenShaped > 0) {
    warn(
      `column ${rule.name} held ${formatCount(tokenShaped, 'value')} that look like tokens already and were treated as any other`,
    );
  }
  if (invalid > 0) {
    const instead = 'onInvalid' in rule && rule.onInvalid === 'token' ? 'a token' : '[REDACTED]';
    warn(`column ${rule.name}: ${cells(invalid)} that ${rule.method} cannot take got ${instead} instead`);
  }
  if (respelled > 0) {
    warn(
      `column ${rule.name}: ${cells(respelled)} spelled otherwise than the value that the vault keeps; detokenize gives back the first spelling`,
    );
  }
  const report = frequencies?.report();
  if (report?.verdict === 'weak') warn(`column ${rule.name}: ${report.advice}`);
}

function treatedTable(treated: readonly ColumnTally[]): Table {
  const anyNulls = treated.some(({ nulls }) => nulls > 0);
  return {
    columns: ['column', 'method', 'namespace', 'cells', ...(anyNulls ? ['null markers'] : [])],
    rows: treated.map(({ rule, cells, nulls }) => [
      rule.name,
      rule.method,
      namespaceOf(rule) ?? '',
      rule.method === 'drop' ? '' : cells,
      ...(anyNulls ? [nulls] : []),
    ]),
  };
}

/** What the frequencies of equal results give away. */
function frequencyTable(treated: readonly ColumnTally[]): (Table | string)[] {
  const measured = treated.flatMap(({ rule, frequencies }) => {
    const report = frequencies?.report();
    return report === undefined || report.cells === 0 ? [] : [{ rule, report }];
  });
  if (measured.length === 0) return [];
  return [
    {
      columns: ['equal values show in', 'different', 'most frequent', 'entropy', 'frequency analysis'],
      rows: measured.map(({ rule, report }) => [
        rule.name,
        Math.round(report.distinct),
        formatShare(report.topShare),
        `${report.entropyBits.toFixed(1)} bits`,
        findingText(report),
      ]),
    },
    '',
  ];
}

function findingText({ cells, exposedShare, verdict }: FrequencyReport): string {
  if (verdict === 'weak') return `undoes about ${formatShare(exposedShare)}`;
  return cells < fewestJudged ? 'too few cells to tell' : 'no finding';
}

function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent >= 10 ? percent.toFixed(0) : percent.toPrecision(2)} %`;
}

function columnJson({ rule, cells, nulls, invalid, respelled, frequencies }: ColumnTally): Record<string, unknown> {
  const namespace = namespaceOf(rule);
  const report = frequencies?.report();
  return {
    name: rule.name,
    method: rule.method,
    ...(namespace === undefined ? {} : { namespace }),
    ...(rule.method === 'keep' || rule.method === 'drop' ? {} : { cells }),
    ...(nulls === 0 ? {} : { null_markers: nulls }),
    ...(invalid === 0 ? {} : { invalid }),
    ...(respelled === 0 ? {} : { respelled }),
    ...(report === undefined
      ? {}
      : {
          distinct: Math.round(report.distinct),
          top_share: report.topShare,
          entropy_bits: report.entropyBits,
          exposed_share: report.exposedShare,
          frequency: report.verdict,
        }),
  };
}

function keptText(count: number): string {
  return `${formatCount(count, 'column')} kept as ${count === 1 ? 'it is' : 'they are'}`;
}

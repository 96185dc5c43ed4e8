import { namespaceOf, type TokenizeOutcome } from '../pipeline/index.ts';
import { formatBytes, formatNumber } from '../terminal/index.ts';
import { type CommandContext, pathForPeople } from './context.ts';

/** The summary of `tokenize-csv` and `tokenize-config`. */
export function reportTokenized(context: CommandContext, outcome: TokenizeOutcome): void {
  const { terminal } = context;
  const { manifest, tallies, outputPath, manifestPath, vaultPath, newValues } = outcome;
  for (const { rule, tokenShaped } of tallies) {
    if (tokenShaped === 0) continue;
    terminal.warn(
      `column ${rule.name} held ${formatNumber(tokenShaped)} values that look like tokens already; they were treated as any other value`,
    );
  }
  const treated = tallies.filter(({ rule }) => rule.method !== 'keep');
  const kept = tallies.length - treated.length;
  const name = (path: string) => pathForPeople(context, path);
  terminal.result(
    [
      ...(treated.length === 0
        ? []
        : [
            {
              columns: ['column', 'method', 'namespace', 'cells'],
              rows: treated.map(({ rule, cells }) => [
                rule.name,
                rule.method,
                namespaceOf(rule) ?? '',
                rule.method === 'drop' ? '' : cells,
              ]),
            },
            '',
          ]),
      `${formatNumber(manifest.row_count)} rows; ${keptText(kept)}; ${formatNumber(newValues)} values new to the vault`,
      '',
      ...(outputPath === '-' ? [] : [`output    ${name(outputPath)} (${formatBytes(manifest.file.bytes)})`]),
      `manifest  ${name(manifestPath)}`,
      `vault     ${name(vaultPath)}`,
    ],
    {
      rows: manifest.row_count,
      columns: tallies.map(({ rule, cells }) => ({
        name: rule.name,
        method: rule.method,
        ...('namespace' in rule ? { namespace: rule.namespace } : {}),
        ...(rule.method === 'keep' || rule.method === 'drop' ? {} : { cells }),
      })),
      new_values: newValues,
      output: outputPath,
      bytes: manifest.file.bytes,
      sha256: manifest.file.sha256,
      manifest: manifestPath,
      vault: vaultPath,
    },
  );
}

function keptText(count: number): string {
  return count === 1 ? '1 column kept as it is' : `${formatNumber(count)} columns kept as they are`;
}

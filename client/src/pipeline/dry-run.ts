import type { CommandContext } from '../commands/context.ts';
import { loadMasterKey } from '../keys/index.ts';
import { openTable, rewriteTable } from '../tables/index.ts';
import { type ColumnTally, columnEdits, completeTallies } from './column-edits.ts';
import { openInput } from './open-input.ts';
import { rowProgress } from './row-progress.ts';
import type { TokenizeRequest } from './tokenize-file.ts';
import { openUntouched, type UntouchedVault } from './untouched-vault.ts';

export interface DryRunOutcome {
  readonly rows: number;
  readonly tallies: readonly ColumnTally[];
  /** That the output would have before compression. */
  readonly bytes: number;
}

/** Does all that tokenizing the file would do, checks included, and writes nothing. */
export async function dryRun(context: CommandContext, request: TokenizeRequest): Promise<DryRunOutcome> {
  const masterKey = await loadMasterKey(context);
  const input = await openInput(context, request.input);
  const table = await openTable(input, { name: request.input, ...(request.format && { format: request.format }) });
  const progress = rowProgress(context.terminal, 'Trying', input);
  let tallies: readonly ColumnTally[] = [];
  let vault: UntouchedVault | undefined;
  let bytes = 0;
  const counting = {
    write: async (chunk: Uint8Array) => {
      bytes += chunk.length;
    },
  };
  try {
    const { rows } = await rewriteTable(
      table,
      counting,
      async (header) => {
        const rules = request.plan(header);
        vault = await openUntouched(request.vaultPath, masterKey);
        const planned = columnEdits(rules, vault.authority);
        tallies = planned.tallies;
        return {
          edits: planned.edits,
          afterChunk: ({ rows: done }) => progress.update({ rows: done, inputBytes: table.fileBytesRead() }),
        };
      },
      { csv: request.csv, signal: context.signal, ...(request.sheet === undefined ? {} : { sheet: request.sheet }) },
    );
    const opened = vault as UntouchedVault | undefined;
    if (opened !== undefined) completeTallies(tallies, opened.authority, request.strict ?? false);
    return { rows, tallies, bytes };
  } finally {
    progress.stop();
    const opened = vault as UntouchedVault | undefined;
    await opened?.close();
  }
}

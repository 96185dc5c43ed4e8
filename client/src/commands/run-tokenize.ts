import { dryRun, type TokenizeRequest, tokenizeFile } from '../pipeline/index.ts';
import type { CommandContext } from './context.ts';
import { reportDryRun, reportTokenized } from './report-tokenized.ts';
import type { RunFlags } from './table-flags.ts';

/** What `tokenize-csv` and `tokenize-config` do once they know how each column is treated. */
export async function runTokenize(context: CommandContext, request: TokenizeRequest, flags: RunFlags): Promise<void> {
  if (flags.dryRun) reportDryRun(context, await dryRun(context, request));
  else reportTokenized(context, await tokenizeFile(context, request));
}

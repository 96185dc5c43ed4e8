import { UsageError } from '@sdp/shared/errors';
import {
  dryRun,
  filePairs,
  isAlreadyTokenized,
  sweepLeftOf,
  type TokenizeRequest,
  tokenizeFile,
  workOnFiles,
} from '../pipeline/index.ts';
import { formatByName } from '../tables/index.ts';
import type { CommandContext } from './context.ts';
import { reportFiles } from './report-files.ts';
import { reportDryRun, reportTokenized, warnOfColumns } from './report-tokenized.ts';
import type { RunFlags } from './table-flags.ts';
import { warnOfUnfinished } from './warn-of-unfinished.ts';

/** What `tokenize-csv` and `tokenize-config` do once they know how each column is treated. */
export async function runTokenize(context: CommandContext, request: TokenizeRequest, flags: RunFlags): Promise<void> {
  const pairs = await filePairs(context, request.input, request.output);
  if (pairs === undefined) {
    if (flags.dryRun) reportDryRun(context, await dryRun(context, request));
    else {
      const outcome = await tokenizeFile(context, request);
      reportTokenized(context, outcome);
      await warnOfUnfinished(context, [outcome.outputPath]);
    }
    return;
  }
  if (request.manifest !== undefined) {
    throw new UsageError('usage-invalid', {
      message: 'Several outputs have a manifest each, beside them',
      remedy: 'Leave out --manifest.',
    });
  }
  const keepGoing = flags.keepGoing ?? false;
  if (flags.dryRun) {
    const work = ({ input }: { readonly input: string }) => dryRun(context, { ...request, input });
    const outcomes = await workOnFiles(pairs, work, { keepGoing, isDone: async () => false, makeFolders: false });
    reportFiles(
      context,
      outcomes,
      ({ rows, bytes }) => ({ rows, bytes }),
      (outcome, file) => warnOfColumns(context.terminal, { tallies: outcome.tallies }, file),
    );
    return;
  }
  const outcomes = await workOnFiles(
    pairs,
    (pair) => {
      const format = request.format ?? formatByName(pair.input);
      const resume = request.resume === true && (format === 'csv' || format === 'ndjson');
      return tokenizeFile(context, { ...request, ...pair, resume });
    },
    {
      keepGoing,
      isDone: async (pair) => {
        if (request.resume !== true || !(await isAlreadyTokenized(context, pair, request))) return false;
        await sweepLeftOf(pair.output);
        return true;
      },
    },
  );
  await warnOfUnfinished(
    context,
    pairs.map(({ output }) => output),
  );
  reportFiles(
    context,
    outcomes,
    ({ manifest, newValues }) => ({
      rows: manifest.row_count,
      'new values': newValues,
      bytes: manifest.file.bytes,
    }),
    (outcome, file) => warnOfColumns(context.terminal, outcome, file),
  );
}

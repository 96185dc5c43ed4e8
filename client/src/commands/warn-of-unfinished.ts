import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unfinishedFilesIn } from '../files/index.ts';
import { type CommandContext, pathForPeople, stdioPath } from './context.ts';

const namesShown = 3;

/**
 * Names what killed runs have left in the folders of these outputs. A run removes what an earlier one for the same output
 * has left; of others nothing is known but that their processes are gone. Those that `--resume` goes on from are passed over.
 */
export async function warnOfUnfinished(context: CommandContext, outputs: readonly string[]): Promise<void> {
  const folders = new Set(outputs.filter((output) => output !== stdioPath).map((output) => dirname(output)));
  for (const folder of folders) {
    const left = (await unfinishedFilesIn(folder)).filter(
      ({ base, isAbandoned }) => isAbandoned && !existsSync(join(folder, `.${base}.sdp-checkpoint`)),
    );
    if (left.length === 0) continue;
    const names = left.slice(0, namesShown).map(({ path }) => basename(path));
    const more = left.length > names.length ? ` and ${left.length - names.length} more` : '';
    context.terminal.warn(
      `runs that were killed have left unfinished files in ${pathForPeople(context, folder)}: ${names.join(', ')}${more}; they may hold personal data: remove them, or run those commands again`,
    );
  }
}

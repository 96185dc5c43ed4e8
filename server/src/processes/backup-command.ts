import { UsageError } from '@sdp/shared/errors';
import { Command } from 'commander';
import type { Settings } from '../settings/index.ts';
import { listBackup, verifyAll } from './backup-report.ts';
import { type RestoreArguments, restoreRange } from './backup-restore.ts';

type Load = () => Settings;

/** `sdp-server backup list|verify|restore`: on the bucket of S3_BUCKET, or the directory of SDP_BACKUP_DIR. */
export function backupCommand(load: Load): Command {
  const command = new Command('backup')
    .description('Look at what was kept of the bus, check it, and send it again')
    .addHelpText('after', '\nExample:\n  $ sdp-server backup list');
  command
    .command('list')
    .description('Show what is kept of each partition, by the manifest alone')
    .option('--topic <topic>', 'of this topic only')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server backup list --topic logs')
    .action((options: { topic?: string; json: boolean }) => listBackup(load(), options));
  command
    .command('verify')
    .description('Read and check every object and the manifest; exits with 6 if anything is missing or was changed')
    .option('--topic <topic>', 'of this topic only')
    .option('--from <time>', 'what came earlier need not be there any more', timeOf('--from'))
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server backup verify --from 2026-11-01')
    .action((options: { topic?: string; from?: Date; json: boolean }) => verifyAll(load(), options));
  command
    .command('restore <topic>')
    .description('Send what is kept of a topic again; a run that was interrupted is continued')
    .option('--from <time>', 'what came at this time or later', timeOf('--from'))
    .option('--to <time>', 'what came before; until now where left out', timeOf('--to'))
    .option('--into <topic>', 'another topic')
    .option('--dry-run', 'open and check everything, and send nothing', false)
    .option('--again', 'once more, though this range was restored', false)
    .option('--incomplete', 'leave out what is missing or damaged', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp-server backup restore logs --from 2026-11-20T08:00:00Z --to 2026-11-20T09:00:00Z --dry-run',
    )
    .action((topic: string, options: RestoreArguments) => restoreRange(load(), topic, options));
  return command;
}

function timeOf(option: string) {
  return (text: string): Date => {
    const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
    const time = new Date(text);
    if (isTime && !Number.isNaN(time.getTime())) return time;
    throw new UsageError('usage-invalid', {
      message: `${option} takes a day such as 2026-11-20, or a time with its zone such as 2026-11-20T08:00:00Z`,
    });
  };
}

import { UsageError } from '@sdp/shared/errors';
import { deadLetterTopic } from '@sdp/shared/messaging';
import { Command } from 'commander';
import type { Settings } from '../settings/index.ts';
import { discardLetters } from './dead-letters-discard.ts';
import { listLetters } from './dead-letters-list.ts';
import type { Choice, ChosenOptions, ListOptions } from './dead-letters-options.ts';
import { replayLetters } from './dead-letters-replay.ts';
import { showLetter } from './dead-letters-show.ts';
import { withDeadLetters } from './open-dead-letters.ts';

type Load = () => Settings;

/** `sdp-server dead-letters list|show|replay|discard`: on Kafka or the bus in PostgreSQL; a server may be running. */
export function deadLettersCommand(load: Load): Command {
  const command = new Command('dead-letters')
    .description('Look at messages that were refused or given up, send them again, or put them aside')
    .addHelpText('after', '\nExample:\n  $ sdp-server dead-letters list');
  command
    .command('list [topic]')
    .description('Count the letters of each topic, or list those of one')
    .option('--code <code>', 'only letters with this reason')
    .option('--all', 'also those that were replayed or discarded', false)
    .option('--limit <number>', 'letters to list at most', numberOf('--limit'), 50)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server dead-letters list transaction.ingest --code message-stale')
    .action((topic: string | undefined, options: ListOptions) =>
      withDeadLetters(load(), (letters) => listLetters(letters, topic && topicOf(topic), options)),
    );
  command
    .command('show <letter>')
    .description('Show one letter: reason, headers, and its payload with all that its topic’s policy speaks of cut out')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server dead-letters show transaction.ingest.dlq:0:17')
    .action((id: string, { json }: { json: boolean }) =>
      withDeadLetters(load(), (letters) => showLetter(letters, id, json)),
    );
  chosen(command.command('replay <letters...>'))
    .description('Send the originals of letters again; those of a whole topic when their number is given')
    .option('--unproven', 'also letters of which the audit trail knows nothing', false)
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp-server dead-letters replay transaction.ingest --code internal --count 12',
    )
    .action((given: string[], options: ChosenOptions & { unproven: boolean }) =>
      withDeadLetters(load(), (letters) => replayLetters(letters, choiceOf(given), options)),
    );
  chosen(command.command('discard <letters...>'))
    .description('Put letters aside for good; those of a whole topic when their number is given')
    .requiredOption('--reason <text>', 'why; it is kept')
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp-server dead-letters discard batch.risk_scoring.dlq:0:3 --reason "a test"',
    )
    .action((given: string[], options: ChosenOptions & { reason: string }) =>
      withDeadLetters(load(), (letters) => discardLetters(letters, choiceOf(given), options)),
    );
  return command;
}

function chosen(command: Command): Command {
  return command
    .option('--code <code>', 'of a topic’s letters only those with this reason')
    .option('--count <number>', 'how many of a topic’s letters it will be', numberOf('--count'))
    .option('--json', 'print one JSON object', false);
}

/** @throws {UsageError} `usage-invalid` */
function choiceOf(given: readonly string[]): Choice {
  const [first = ''] = given;
  if (given.every((each) => each.includes(':'))) return { ids: [...new Set(given)] };
  if (given.length === 1) return { topic: topicOf(first) };
  throw new UsageError('usage-invalid', { message: 'Name one topic, or letters such as transaction.ingest.dlq:0:17' });
}

/** A topic may be named by itself or by its dead letters. */
function topicOf(name: string): string {
  return name.endsWith(deadLetterTopic('')) ? name : deadLetterTopic(name);
}

function numberOf(option: string) {
  return (text: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new UsageError('usage-invalid', { message: `${option} takes a whole number` });
    return Number(text);
  };
}

import { type ErrorKind, exitStatus } from '../../shared/src/errors/index.ts';
import { kinds } from './errors-page.ts';
import { commandTree, helpText, type NamedCommand, programs } from './programs.ts';
import { clientVariables, secretNames, serverVariables } from './variables.ts';

/** `docs/cli.md`, made from the two programs. */
export function renderCliPage(): string {
  const { sdp, sdpServer } = programs();
  const client = commandTree(sdp);
  const server = commandTree(sdpServer);
  return `${[
    '# Command line',
    '',
    'Made from the programs by `npm run docs`; a test keeps both equal. `npx sdp …` and `npx sdp-server …` run them from a clone.',
    '',
    '- Results go to stdout, everything else to stderr. `--json` prints exactly one object, also for an error; `--quiet` leaves out all but',
    '  warnings and errors. Progress is shown on a terminal only.',
    '- `-` stands for stdin or stdout where a file is named.',
    '- Files appear when they are complete: a command that fails or is interrupted leaves no output.',
    '- Keys come from the environment or from files, never from the command line, which other users of a machine can read.',
    '',
    ...contents('sdp', client),
    ...contents('sdp-server', server),
    '- [Environment of `sdp`](#environment-of-sdp), [of `sdp-server`](#environment-of-sdp-server)',
    '- [Exit status](#exit-status)',
    '',
    ...[...client, ...server].flatMap(section),
    ...environment('sdp', clientTable()),
    ...environment('sdp-server', serverTable()),
    ...exitTable(),
  ].join('\n')}\n`;
}

function contents(program: string, commands: readonly NamedCommand[]): string[] {
  const links = commands.slice(1).map(({ name }) => `[\`${name.slice(program.length + 1)}\`](#${anchor(name)})`);
  return [`- [\`${program}\`](#${program}): ${links.join(', ')}`];
}

/** As GitHub makes it. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-');
}

function section({ name, command }: NamedCommand): string[] {
  const isProgram = !name.includes(' ');
  return [`${isProgram ? '##' : '###'} ${name}`, '', '```', helpText(command), '```', ''];
}

function environment(program: string, table: readonly string[]): string[] {
  return [`## Environment of ${program}`, '', ...table, ''];
}

function clientTable(): string[] {
  const rows = Object.entries(clientVariables).map(([name, text]) => `| \`${name}\` | ${text} |`);
  return ['| variable | what |', '|---|---|', ...rows];
}

function serverTable(): string[] {
  const rows = serverVariables().map(
    ({ name, text, fallback }) => `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${text} |`,
  );
  const secrets = secretNames()
    .map((name) => `\`${name}_FILE\``)
    .join(', ');
  return [
    '| variable | default | what |',
    '|---|---|---|',
    ...rows,
    '',
    `Secrets may stand in files instead: ${secrets}.`,
  ];
}

function exitTable(): string[] {
  const rows = (Object.entries(exitStatus) as [ErrorKind, number][])
    .sort(([, a], [, b]) => a - b)
    .map(([kind, status]) => `| ${status} | ${kind} | ${kinds[kind]} |`);
  return [
    '## Exit status',
    '',
    'The same for both programs. [errors.md](errors.md) lists the codes of each kind.',
    '',
    '| status | kind | what |',
    '|---|---|---|',
    '| 0 | | The whole job finished and was verified. |',
    ...rows,
  ];
}

import { readFileSync } from 'node:fs';
import { InputError, InterruptedError, UsageError } from '@sdp/shared/errors';

const variable = 'SDP_NEW_PASSWORD';

/**
 * A password for somebody, never from the command line, which others can read: from the file, the variable `SDP_NEW_PASSWORD`, or
 * typed twice on the terminal.
 *
 * @throws {UsageError} `usage-invalid` @throws {InputError} `file-unreadable`
 */
export async function newPassword(file: string | undefined, environment: NodeJS.ProcessEnv): Promise<string> {
  if (file !== undefined) return firstLine(file);
  const given = environment[variable];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY) {
    throw new UsageError('usage-invalid', {
      message: 'There is no terminal to ask for a password on',
      remedy: `Give it with --from-file FILE or in ${variable}.`,
    });
  }
  const password = await ask('Password: ');
  if ((await ask('Once more: ')) === password) return password;
  throw new UsageError('usage-invalid', { message: 'The two are not the same', remedy: 'Run the command again.' });
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
  } catch {
    throw new InputError('file-unreadable');
  }
}

const enter = new Set(['\r', '\n']);
const erase = new Set(['\u007f', '\b']);
const interrupt = new Set(['\u0003', '\u0004']);

/** Shows nothing of what is typed. */
function ask(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed = '';
    const done = (settle: () => void) => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      settle();
    };
    const onData = (text: string) => {
      for (const each of text) {
        if (enter.has(each)) return done(() => resolve(typed));
        if (interrupt.has(each)) return done(() => reject(new InterruptedError('interrupted')));
        if (erase.has(each)) typed = [...typed].slice(0, -1).join('');
        else typed += each;
      }
    };
    stdin.on('data', onData);
  });
}

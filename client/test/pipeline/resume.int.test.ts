import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const program = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const key = Buffer.alloc(32, 7).toString('base64url');
/** A long run sets more. */
const kills = Number(process.env['SDP_TEST_KILLS'] ?? 20);
const rows = 25_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-resume-'));
  const csv = ['id,name,note,mail'];
  const lines: string[] = [];
  for (let at = 0; at < rows; at++) {
    csv.push(`${at},"Name ""${at % 900}""",kept ${at},mail${at}@example.org`);
    lines.push(JSON.stringify({ id: at, name: `Näme ${at % 900}`, mail: `mail${at}@example.org` }));
  }
  writeFileSync(join(folder, 'in.csv'), `${csv.join('\r\n')}\r\n`);
  writeFileSync(join(folder, 'in.ndjson'), `${lines.join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly status: number | null;
  readonly stderr: string;
}

function start(args: readonly string[]) {
  const child = spawn(process.execPath, ['--conditions=sdp-source', '--no-warnings', program, ...args], {
    cwd: folder,
    env: { SDP_CRYPTO_KEY: key },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended: Promise<Run> = once(child, 'close').then(([status]) => ({ status: status as number | null, stderr }));
  return { child, ended };
}

const tokenize = (input: string, output: string, ...more: string[]) => [
  ...['tokenize-csv', '--input', input, '--output', output, '--source-table', 't', '--vault', 'vault.db'],
  ...['--column', 'name', '--column', 'mail', '--checkpoint-mib', '0.1', ...more],
];
const bytesOf = (name: string) => readFileSync(join(folder, name));
const hidden = () => readdirSync(folder).filter((name) => name.startsWith('.'));
const checkpointOf = (output: string) => join(folder, `.${output}.sdp-checkpoint`);

/** Starts a run and kills it as soon as its checkpoint has been replaced so many times. */
async function killBehind(args: readonly string[], output: string, checkpoints: number): Promise<void> {
  const { child, ended } = start(args);
  let seen = 0;
  let last = '';
  const timer = setInterval(() => {
    const text = existsSync(checkpointOf(output)) ? readFileSync(checkpointOf(output), 'utf8') : '';
    if (text !== last && text !== '') seen++;
    last = text;
    if (seen >= checkpoints) child.kill('SIGKILL');
  }, 1);
  await ended;
  clearInterval(timer);
}

describe.each([
  ['in.csv', ['', '.zst']],
  ['in.ndjson', ['', '.gz']],
] as const)('%s', (input, extensions) => {
  test.each(extensions)('killed at random moments and resumed, gives the bytes of one run (%s)', async (extension) => {
    const output = `out-${input}${extension}`;
    expect((await start(tokenize(input, `whole-${input}${extension}`)).ended).status).toBe(0);
    const expected = bytesOf(`whole-${input}${extension}`);
    let killed = 0;
    let resumed = 0;
    while (killed < Math.ceil(kills / 4)) {
      // From the very start to beyond the end: runs that end in time count for nothing.
      const { child, ended } = start(tokenize(input, output, '--resume'));
      const timer = setTimeout(() => child.kill('SIGKILL'), 150 + Math.random() * 700);
      const { status, stderr } = await ended;
      clearTimeout(timer);
      if (stderr.includes('going on behind row')) resumed++;
      if (status === null) killed++;
      else {
        expect(status, stderr).toBe(0);
        expect(bytesOf(output).equals(expected)).toBe(true);
        rmSync(join(folder, output));
      }
    }
    // Once for certain behind a checkpoint.
    await killBehind(tokenize(input, output, '--resume'), output, 2);
    const { status, stderr } = await start(tokenize(input, output, '--resume')).ended;
    expect(status, stderr).toBe(0);
    expect(resumed + Number(stderr.includes('going on behind row'))).toBeGreaterThan(0);
    expect(bytesOf(output).equals(expected)).toBe(true);
    expect(hidden()).toEqual([]);
    const again = `again-${input}`;
    const back = await start([
      'detokenize',
      '--input',
      output,
      '--output',
      again,
      '--vault',
      'vault.db',
      '--reason',
      'test',
    ]).ended;
    expect(back.status, back.stderr).toBe(0);
    expect(bytesOf(again).equals(bytesOf(input))).toBe(true);
  });
});

describe('a checkpoint', () => {
  const output = 'unfit.csv';
  const args = (...more: string[]) => tokenize('in.csv', output, ...more);
  const refusal = async (run: readonly string[]) => {
    const { status, stderr } = await start(run).ended;
    return `${status} ${stderr}`;
  };

  test('is not used for other columns, another vault, a changed input or a changed output, and is not lost by that', async () => {
    await killBehind(args(), output, 3);
    expect(await refusal([...args('--resume'), '--column', 'note'])).toMatch(/^4 .*other columns/);
    expect(await refusal(args('--resume', '--vault', 'other.db'))).toMatch(/^4 .*another vault/);
    const now = new Date();
    utimesSync(join(folder, 'in.csv'), now, now);
    expect(await refusal(args('--resume'))).toMatch(/^4 .*input was changed/);
    // Without --resume the run starts anew, and sweeps up.
    expect((await start(args()).ended).status).toBe(0);
    expect(hidden()).toEqual([]);

    rmSync(join(folder, output));
    await killBehind(args(), output, 3);
    const unfinished = hidden().find((name) => name.endsWith('.sdp-tmp') && name.startsWith(`.${output}.`)) as string;
    truncateSync(join(folder, unfinished), 10);
    expect(await refusal(args('--resume'))).toMatch(/^4 .*unfinished output was changed/);
    const text = readFileSync(checkpointOf(output), 'utf8');
    writeFileSync(
      checkpointOf(output),
      text.replace(/"rows":(\d+)/, (_, count: string) => `"rows":${Number(count) - 2048}`),
    );
    expect(await refusal(args('--resume'))).toMatch(/^4 .*checkpoint was changed/);
    writeFileSync(checkpointOf(output), 'nonsense');
    expect(await refusal(args('--resume'))).toMatch(/^4 .*cannot be read/);
    expect(existsSync(join(folder, output))).toBe(false);
    expect((await start(args()).ended).status).toBe(0);
    expect(hidden()).toEqual([]);

    // Half of the output would have tokens that the vault no longer knows.
    rmSync(join(folder, output));
    await killBehind(args(), output, 3);
    expect((await start(['vault', 'retoken', '--yes', '--vault', 'vault.db']).ended).status).toBe(0);
    expect(await refusal(args('--resume'))).toMatch(/^4 .*tokens were changed/);
    expect((await start(args()).ended).status).toBe(0);
    expect(hidden()).toEqual([]);
  }, 180_000);

  test('is left by an interrupted run only if it was asked to', async () => {
    const interrupted = async (...more: string[]) => {
      const { child, ended } = start(args(...more));
      let sent = false;
      const timer = setInterval(() => {
        // A second signal would not wait for the run to clean up.
        if (sent || !existsSync(checkpointOf(output))) return;
        sent = child.kill('SIGINT');
      }, 1);
      const { status } = await ended;
      clearInterval(timer);
      return status;
    };
    rmSync(join(folder, output), { force: true });
    expect(await interrupted()).toBe(130);
    expect(hidden()).toEqual([]);
    expect(await interrupted('--resume')).toBe(130);
    expect(hidden().length).toBe(2);
    const { status, stderr } = await start(args('--resume')).ended;
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('going on behind row');
    expect(hidden()).toEqual([]);
  });
});

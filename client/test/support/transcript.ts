import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type ProgramRun, runSdp } from './run-program.ts';

/**
 * A session at the command line, written down: lines to run and what has to hold after each, then the files it starts
 * with (`-- name --` and the content; `\r`, `\x..` and a final `\` without a line end are escapes).
 *
 *   sdp ARGUMENTS         has to succeed; with `4: sdp …` has to end with status 4
 *   stdin FILE            for the next command
 *   env NAME=VALUE        from here on; without a value: removed
 *   stdout REGEXP         of the last command, likewise stderr; `! stdout REGEXP` must not match
 *   exists FILE…          `! exists FILE…`
 *   cmp FILE FILE         equal bytes
 *   cmp stdout FILE
 *
 * After each command that fails there must be no file that wasn't there before.
 */
export async function runTranscript(text: string, folder: string, env: Record<string, string>): Promise<number> {
  const { script, files } = split(text);
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const bytesOf = (name: string) => readFileSync(join(folder, name));
  let environment = { ...env };
  let stdin: Buffer | undefined;
  let last: ProgramRun | undefined;
  let commands = 0;
  for (const line of script) {
    const context = `at: ${line}\n${last?.stderr ?? ''}${last?.stdout.toString() ?? ''}`;
    const negated = line.startsWith('! ');
    const [word = '', ...rest] = words(negated ? line.slice(2) : line);
    const status = /^(\d+):$/.exec(word)?.[1] ?? '0';
    if (word === 'sdp' || /^\d+:$/.test(word)) {
      const before = outputsIn(folder);
      last = await runSdp(word === 'sdp' ? rest : rest.slice(1), {
        cwd: folder,
        env: environment,
        ...(stdin && { stdin }),
      });
      stdin = undefined;
      commands++;
      expect(last.status, `at: ${line}\n${last.stderr}`).toBe(Number(status));
      if (status !== '0') expect(outputsIn(folder), `left behind by: ${line}`).toEqual(before);
    } else if (word === 'env') {
      const [name = '', value] = (rest[0] ?? '').split('=');
      environment = { ...environment };
      if (value === undefined) delete environment[name];
      else environment[name] = value;
    } else if (word === 'stdin') {
      stdin = bytesOf(rest[0] ?? '');
    } else if (word === 'stdout' || word === 'stderr') {
      const said = word === 'stdout' ? last?.stdout.toString('utf8') : last?.stderr;
      const pattern = new RegExp(line.slice(line.indexOf(word) + word.length + 1), 'm');
      if (negated) expect(said, context).not.toMatch(pattern);
      else expect(said, context).toMatch(pattern);
    } else if (word === 'exists') {
      for (const name of rest) expect(existsSync(join(folder, name)), `${name} ${context}`).toBe(!negated);
    } else if (word === 'cmp') {
      const [a = '', b = ''] = rest;
      const given = a === 'stdout' ? last?.stdout : bytesOf(a);
      expect(given?.equals(bytesOf(b)), context).toBe(!negated);
    } else throw new Error(`no such directive: ${line}`);
  }
  return commands;
}

/** All files but those of the vault and the spool, which keep what they have taken in. */
function outputsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('token_vault.db') && name !== 'event_spool');
}

function split(text: string) {
  const [head = '', ...parts] = text.split(/^-- (\S+) --\n/m);
  const script = head.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const files = new Map<string, Buffer>();
  for (let index = 0; index < parts.length; index += 2)
    files.set(parts[index] ?? '', unescaped(parts[index + 1] ?? ''));
  return { script, files };
}

function unescaped(content: string): Buffer {
  const text = content.replace(/\\\n$/, '').replaceAll('\\r', '\r');
  const bytes = Buffer.from(text).toString('latin1');
  return Buffer.from(
    bytes.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

/** Words as a shell would split them: double quotes keep spaces. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

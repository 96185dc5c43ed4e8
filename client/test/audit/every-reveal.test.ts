import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { buildProgram } from '../../src/program.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

/** Commands that take values or keys out of the vault. Whoever adds a command says here which kind it is. */
const revealing = ['detokenize', 'vault show', 'vault keys export'];
const others = [
  ...['keygen', 'scan', 'preview', 'tokenize-csv', 'tokenize-config', 'upload-batch', 'batch-status'],
  ...['integrate-results', 'doctor', 'vault stats', 'vault verify', 'vault rewrap', 'vault rekey', 'vault retoken'],
  ...['vault forget', 'vault sweep', 'vault backup', 'vault restore', 'vault merge', 'vault push', 'vault pull'],
  ...['vault keys import', 'vault audit verify', 'vault audit show', 'vault audit restart'],
  ...['anonymize', 'privacy query', 'privacy budget'],
  // What the server or this machine refused of events that were sent, none of it out of the vault.
  ...['events send', 'stream', 'gateway', 'spool status', 'spool flush', 'spool rejects', 'spool purge'],
];

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => join(folder.path, ...parts);
const key = Buffer.alloc(32, 9).toString('base64url');
const sdp = (args: readonly string[], state: string) =>
  runSdp(args, { cwd: folder.path, env: { SDP_CRYPTO_KEY: key, SDP_STATE_DIR: at(state) } });

const canaries = ['canary-person', '4111111111111111', '2024-02-29', '987654321', 'canary@example.org'];
const config = `source_table: t
default: keep
columns:
  name: token
  other: random
  mail: email
  note: text
  card: { method: card }
  number: { method: fpe, alphabet: digits }
  day: { method: date-shift, entity: name }
`;
const header = ['name', 'other', 'mail', 'note', 'card', 'number', 'day'];
const row = [
  'canary-person',
  'canary-person 2',
  'canary@example.org',
  'write to canary@example.org',
  '4111111111111111',
  '987654321',
  '2024-02-29',
];
let token = '';

beforeAll(async () => {
  mkdirSync(at('in'));
  writeFileSync(at('in', 'a.csv'), `${header.join(',')}\n${row.join(',')}\n`);
  writeFileSync(at('in', 'b.csv.gz'), gzipSync(readFileSync(at('in', 'a.csv'))));
  const object = Object.fromEntries(header.map((name, index) => [name, row[index]]));
  writeFileSync(at('in', 'c.ndjson'), `${JSON.stringify(object)}\n`);
  const columnData = header.map((name, index) => ({ name, data: [row[index]], type: 'STRING' as const }));
  writeFileSync(at('in', 'd.parquet'), Buffer.from(parquetWriteBuffer({ columnData })));
  writeFileSync(at('config.yml'), config);
  const run = await sdp(['tokenize-config', '--config', 'config.yml', '--input', 'in', '--output', 'tok'], 'state');
  expect(run.status, run.stderr).toBe(0);
  token = /tok_[0-9a-f]{32}/.exec(readFileSync(at('tok', 'a.csv'), 'utf8'))?.[0] ?? '';
  writeFileSync(at('tokens.txt'), `${token}\n`);
  // Where the folder of the heads should be.
  writeFileSync(at('no-state'), '');
  rmSync(at('in'), { recursive: true });
});

const ways: [string, string[]][] = [
  ...['a.csv', 'b.csv.gz', 'c.ndjson', 'd.parquet'].flatMap((name): [string, string[]][] => [
    [`${name} to a file`, ['detokenize', '--input', `tok/${name}`, '--output', `back-${name}`]],
    [`${name} to stdout`, ['detokenize', '--input', `tok/${name}`, '--output', '-']],
    [`${name} by column`, ['detokenize', '--input', `tok/${name}`, '--output', `back-${name}`, '--column', 'name']],
  ]),
  ['a folder', ['detokenize', '--input', 'tok', '--output', 'back', '--keep-going']],
  ['with --json', ['detokenize', '--input', 'tok/a.csv', '--output', 'back.csv', '--json']],
  ['unknown tokens kept', ['detokenize', '--input', 'tok/a.csv', '--output', 'back.csv', '--keep-unknown']],
  ['single tokens', ['vault', 'show', 'TOKEN']],
  ['single tokens with --json', ['vault', 'show', 'TOKEN', '--json']],
  ['tokens in a file', ['vault', 'show', '--tokens-file', 'tokens.txt', '--namespace', 't.name']],
  ['the keys', ['vault', 'keys', 'export', '--output', 'keys.bundle']],
];
const filesNow = () =>
  readdirSync(folder.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder.path, join(entry.parentPath, entry.name)));

describe('no value leaves the vault without a line in the audit log', () => {
  it('knows of every command whether it reveals', () => {
    const leaves = (command: Command, names: readonly string[]): string[] =>
      command.commands.length === 0
        ? [names.join(' ')]
        : command.commands.flatMap((each) => leaves(each, [...names, each.name()]));
    expect(leaves(buildProgram({ env: {} } as CommandContext), []).toSorted()).toEqual(
      [...revealing, ...others].toSorted(),
    );
    expect(new Set(ways.map(([, args]) => revealing.find((name) => args.join(' ').startsWith(name)))).size).toBe(3);
  });

  it.each(ways)('%s: nothing where the line cannot be written, and the line where it can', async (_name, given) => {
    const args = given.map((arg) => (arg === 'TOKEN' ? token : arg));
    const before = filesNow();
    const refused = await sdp(args, 'no-state');
    expect(refused.status).not.toBe(0);
    expect(refused.stdout.toString() + refused.stderr).toMatch(/audit log cannot be written/);
    for (const canary of canaries) expect(refused.stdout.toString() + refused.stderr).not.toContain(canary);
    // The log's own lock may be there; data may not.
    expect(filesNow().filter((name) => !before.includes(name) && !name.endsWith('.lock'))).toEqual([]);

    const linesBefore = linesOf('token_vault.db.audit.jsonl').length;
    const allowed = await sdp(args, 'state');
    expect(allowed.status, allowed.stderr).toBe(0);
    const added = linesOf('token_vault.db.audit.jsonl').slice(linesBefore);
    const reveals = added.filter(({ event }) => event === 'reveal');
    expect(reveals.length).toBe(given.includes('tok') ? 4 : 1);
    expect(added.filter(({ event, status }) => event === 'outcome' && status === 'released').length).toBe(
      reveals.length,
    );
    for (const name of filesNow()) if (!before.includes(name) && !name.includes('audit')) rmSync(at(name));
  });
});

function linesOf(name: string): { event: string; status?: string }[] {
  if (!existsSync(at(name))) return [];
  return readFileSync(at(name), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { event: string; status?: string });
}

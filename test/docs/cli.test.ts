import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderCliPage } from '../../scripts/docs/cli-page.ts';
import { commandTree, helpText, programs } from '../../scripts/docs/programs.ts';
import { clientVariables } from '../../scripts/docs/variables.ts';
import { exitStatus } from '../../shared/src/errors/index.ts';
import { invocationsIn } from '../support/invocations.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');
const { sdp, sdpServer } = programs();
const all = [...commandTree(sdp), ...commandTree(sdpServer)];
const leaves = (tree: typeof all) => tree.filter(({ command }) => command.commands.length === 0);

describe('docs/cli.md', () => {
  it('is what the programs say (npm run docs writes it)', () => {
    expect(page).toBe(renderCliPage());
  });

  it.each(all)('documents $name', ({ name }) => {
    expect(page).toMatch(new RegExp(`^##+ ${name}$`, 'm'));
  });

  it('has a link for every heading it links to', () => {
    const headings = [...page.matchAll(/^##+ (.+)$/gm)].map(([, text]) => text?.toLowerCase().replaceAll(' ', '-'));
    for (const [, target] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(target);
  });

  it('names every variable that the client reads, and no other', () => {
    const sources = globSync('client/src/**/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
    const named = new Set(sources.join('\n').match(/\bSDP_[A-Z_]+\b/g));
    expect([...named].sort()).toEqual(Object.keys(clientVariables).sort());
  });
});

describe('every command', () => {
  it.each(all)('$name says what it does and shows an example', ({ name, command }) => {
    expect(command.description()).toMatch(/\S/);
    const help = helpText(command);
    expect(help).toMatch(/^Examples?:\n {2}\$ \S/m);
    // An example of a command uses that command.
    if (command.commands.length === 0) expect(help).toMatch(new RegExp(`^ {2}\\$ .*\\b${name}\\b`, 'm'));
  });

  it.each(all)('$name shows only commands and options that exist', ({ command }) => {
    for (const { name, flags } of invocationsIn(helpText(command), all)) {
      const used = all.find((each) => each.name === name);
      expect(used, name).toBeDefined();
      for (const flag of flags) expect(used?.command.options.map(({ long }) => long)).toContain(flag);
    }
  });

  it.each(leaves(commandTree(sdp)))('$name takes --json and --quiet', ({ command }) => {
    const flags = command.options.map(({ long }) => long);
    expect(flags).toEqual(expect.arrayContaining(['--json', '--quiet']));
  });

  it.each(all)('$name takes no secret on its command line', ({ command }) => {
    for (const { long } of command.options) expect(long).not.toMatch(/password|secret|api-key$|crypto-key|master-key/);
  });
});

describe('sdp --help', () => {
  it('names every exit status', () => {
    const help = helpText(sdp).replaceAll('\n', ' ');
    for (const status of Object.values(exitStatus)) expect(help).toMatch(new RegExp(`\\b${status} [a-z]`));
  });
});

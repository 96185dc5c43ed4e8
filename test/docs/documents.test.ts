import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTree, programs } from '../../scripts/docs/programs.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** What is or would be committed. */
const files = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .stdout.split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const documents = files.filter((path) => path.endsWith('.md'));
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const { sdp, sdpServer } = programs();
const commands = [...commandTree(sdp), ...commandTree(sdpServer)];

/** Inline code and code blocks, lines that go on joined. */
function codeIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const indented = [...markdown.matchAll(/^(?: {4}|\t)(.+)$/gm)].map(([, line = '']) => line);
  const inline = [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...indented, ...inline].flatMap((text) => text.replace(/\\\n\s*/g, ' ').split('\n'));
}

/** Shell commands of a document, one a line; what is printed by a command is none. */
const linesOf = (path: string) => codeIn(read(path)).map((line) => line.replace(/\s#.*$/, ''));

describe.each(documents)('%s', (path) => {
  it('names only npm scripts that exist', () => {
    for (const line of linesOf(path)) {
      for (const [, name = ''] of line.matchAll(/\bnpm run (?:-s |--silent )?([a-z][\w:-]*)/g)) {
        expect(Object.keys(scripts), line).toContain(name);
      }
    }
  });

  it('shows only commands of ours that exist, with options that exist', () => {
    for (const line of linesOf(path)) {
      const typed = /^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?(sdp(?:-server)?(?: .*)?)$/.exec(line.trim())?.[1];
      if (typed === undefined || /[…*|]/.test(typed) || typed === 'sdp' || typed === 'sdp-server') continue;
      const words = typed.split(/\s+/);
      const names = words.map((_, count) => words.slice(0, count + 1).join(' '));
      const used = names.flatMap((name) => commands.filter((each) => each.name === name)).at(-1);
      const isCommand = used !== undefined && (used.name.includes(' ') || /^--?[a-z]/.test(words[1] ?? ''));
      expect(isCommand, `${line} in ${path}`).toBe(true);
      const known = ['--help', '--version', ...(used?.command.options.map(({ long }) => long) ?? [])];
      for (const word of words.filter((each) => /^--[a-z]/.test(each))) {
        expect(known, line).toContain(word.replace(/=.*$/, ''));
      }
    }
  });

  it('links to files that are there', () => {
    for (const [, target = ''] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^([a-z]+:|#)/.test(target)) continue;
      expect(existsSync(join(root, dirname(path), target.replace(/#.*$/, ''))), target).toBe(true);
    }
  });

  it('names only files of the repository that are there', () => {
    for (const line of linesOf(path)) {
      for (const [named] of line.matchAll(/\b(configs|data-samples|scripts|infra|docs)\/[\w./-]+\.\w+\b/g)) {
        expect(existsSync(join(root, named)), `${named} in ${path}`).toBe(true);
      }
    }
  });
});

describe('README.md', () => {
  it('starts with the two commands of a newcomer', () => {
    expect(read('README.md')).toMatch(/npm ci && npm run demo[\s\S]*npm test/);
  });
});

describe('README.md, the four steps', () => {
  it.each(['tokenize-config', 'upload-batch', 'batch-status', 'integrate-results'])('shows sdp %s', (name) => {
    expect(linesOf('README.md').filter((line) => line.startsWith(`$ npx sdp ${name} `))).not.toHaveLength(0);
  });

  it('leaves nothing to be filled in', () => {
    expect(read('README.md')).not.toContain('<!--');
  });
});

describe('configs and data-samples', () => {
  const isTest = (path: string) => path.endsWith('.test.ts');
  const tests = files
    .filter((path) => isTest(path))
    .map(read)
    .join('\n');
  const shipped = ['configs', 'data-samples'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => ({ folder, name })),
  );

  it.each(shipped.filter(({ name }) => !name.endsWith('.md')))('$folder/$name is loaded by a test', ({ name }) => {
    expect(tests).toContain(name);
  });
});

describe('the repository', () => {
  // Put together here, so that this file doesn't name them itself.
  const machinePaths = new RegExp(`(?<![\\w.~-])/(${['work', 'root', 'home', 'Users'].join('|')})/[\\w.]`);
  const temporary = new RegExp(`(?<![\\w.~-])/t${'mp'}/`);
  const registries = new RegExp(
    ['registry\\.npm', 'npmjs\\.org', 'artifactory', 'jfrog', 'nexus\\.', 'verdaccio'].join('|'),
  );
  const texts = files.filter((path) => !/\.(onnx|png|ico|woff2)$/.test(path) && path !== 'test/docs/documents.test.ts');

  it('names no path of somebody’s machine', () => {
    expect(texts.filter((path) => machinePaths.test(read(path)))).toEqual([]);
    expect(documents.filter((path) => temporary.test(read(path)))).toEqual([]);
  });

  it('names no package registry: whoever installs has one configured', () => {
    expect(texts.filter((path) => registries.test(read(path)))).toEqual([]);
  });

  it('holds no key, vault or manifest', () => {
    expect(files.filter((path) => /\.(key|db|db-wal|pem)$|\.(manifest|receipt)\.json$/.test(path))).toEqual([]);
  });
});

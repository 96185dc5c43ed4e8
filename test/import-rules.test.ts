import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** One planted file per rule. A rule that no longer fires here protects nothing. */
const violations: readonly { rule: string; file: string; content: string }[] = [
  {
    rule: 'shared-imports-nothing-of-ours',
    file: 'shared/src/errors/planted-a.ts',
    content: "import '../../../client/src/main.ts';",
  },
  {
    rule: 'contracts-and-crypto-import-no-other-part',
    file: 'shared/src/contracts/planted-b.ts',
    content: "import '../messaging/index.ts';",
  },
  {
    rule: 'errors-imports-nothing',
    file: 'shared/src/errors/planted-c.ts',
    content: "import '../contracts/index.ts';",
  },
  {
    rule: 'messaging-imports-contracts-and-crypto',
    file: 'shared/src/messaging/planted-d.ts',
    content: "import '../detection/index.ts';",
  },
  { rule: 'pure-parts-do-no-io', file: 'shared/src/detection/planted-e.ts', content: "import 'node:fs';" },
  {
    rule: 'pure-parts-know-no-crypto-implementation',
    file: 'shared/src/tokenization/planted-f.ts',
    content: "import '../crypto/index.ts';",
  },
  {
    rule: 'client-never-server',
    file: 'client/src/planted-g.ts',
    content: "import '../../server/src/processes/main.ts';",
  },
  { rule: 'client-never-messaging', file: 'client/src/planted-h.ts', content: "import '@sdp/shared/messaging';" },
  {
    rule: 'server-never-client',
    file: 'server/src/http/planted-i.ts',
    content: "import '../../../client/src/main.ts';",
  },
  {
    rule: 'features-through-their-index',
    file: 'server/src/scoring/planted-j.ts',
    content: "import '../batches/processor.ts';",
  },
  { rule: 'rules-do-no-io', file: 'server/src/scoring/planted-rules.ts', content: "import 'node:fs';" },
  {
    rule: 'rules-call-no-service',
    file: 'server/src/scoring/planted-2-rules.ts',
    content: "import 'pg';",
  },
  {
    rule: 'kafka-client-only-when-asked-for',
    file: 'server/src/scoring/planted-o.ts',
    content: "import '../bus/kafka/index.ts';",
  },
  {
    rule: 'onnx-runtime-through-its-loader',
    file: 'server/src/scoring/planted-p.ts',
    content: "await import('onnxruntime-node');",
  },
  {
    rule: 'nobody-imports-processes',
    file: 'server/src/http/planted-k.ts',
    content: "import '../processes/main.ts';",
  },
  {
    rule: 'packages-through-their-exports',
    file: 'client/src/planted-l.ts',
    content: "import '../../shared/src/errors/registry.ts';",
  },
  {
    rule: 'no-circular',
    file: 'client/src/planted-m.ts',
    content: "import './planted-m2.ts';",
  },
  { rule: 'environment-read-in-one-place', file: 'client/src/planted-n.ts', content: 'export const a = process.env;' },
];

describe('import rules', () => {
  let copy: string;
  let output: string;
  let status: number | null;

  beforeAll(() => {
    copy = realpathSync(mkdtempSync(join(tmpdir(), 'sdp-imports-')));
    for (const entry of ['shared', 'client', 'server', 'scripts', '.dependency-cruiser.cjs', 'package.json']) {
      cpSync(join(root, entry), join(copy, entry), {
        recursive: true,
        filter: (path) => !/[/\\](dist|node_modules)$/.test(path),
      });
    }
    // Our own packages must resolve inside the copy, all others to what is installed.
    mkdirSync(join(copy, 'node_modules/@sdp'), { recursive: true });
    for (const name of readdirSync(join(root, 'node_modules')).filter((entry) => entry !== '@sdp')) {
      symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
    }
    for (const name of ['shared', 'client', 'server'])
      symlinkSync(join(copy, name), join(copy, 'node_modules/@sdp', name));
    for (const name of ['tsconfig.base.json', 'tsconfig.json']) cpSync(join(root, name), join(copy, name));
    for (const { file, content } of violations) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), `${content}\n`);
    }
    for (const target of [
      'server/src/processes/main.ts',
      'shared/src/detection/index.ts',
      'shared/src/crypto/index.ts',
    ]) {
      if (!existsSync(join(copy, target))) writeFileSync(join(copy, target), 'export {};\n');
    }
    writeFileSync(join(copy, 'client/src/planted-m2.ts'), "import './planted-m.ts';\n");
    const run = spawnSync(process.execPath, [join(copy, 'scripts/lint-imports.mjs'), copy], { encoding: 'utf8' });
    output = run.stderr;
    status = run.status;
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('refuses the tree with planted violations', () => {
    expect(status).toBe(1);
  });

  it.each(violations)('$rule is enforced', ({ rule, file }) => {
    expect(output).toContain(`${rule}: ${file}`);
  });

  it('accepts the tree as it stands', () => {
    const run = spawnSync(process.execPath, [join(root, 'scripts/lint-imports.mjs'), root], { encoding: 'utf8' });
    expect(run.stderr).toContain(' 0 violations');
    expect(run.status).toBe(0);
  });
});

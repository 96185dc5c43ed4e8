import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runProgram } from '../../../test/support/run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdp-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('keeps nothing that the runtime could send to its maker', async () => {
  const [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  for (const each of [home, temporary]) mkdirSync(each);
  const index = join(import.meta.dirname, '../../src/scoring/index.ts');
  const program = `const { loadOnnxModel } = await import(${JSON.stringify(index)}); await loadOnnxModel();`;
  const args = ['--conditions=sdp-source', '--input-type=module', '--eval', program];
  // No variable of a build machine: the runtime would be silent by itself.
  const run = await runProgram(process.execPath, args, { environment: { HOME: home, TMPDIR: temporary } });
  expect([run.status, run.stderr]).toEqual([0, '']);
  expect([readdirSync(home, { recursive: true }), readdirSync(temporary, { recursive: true })]).toEqual([[], []]);
});

// Runs the checks one after the other, goes on after a failure so that one run shows all of them, and adds up what the
// test runner counted. A stage that isn't a test run counts as one test.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const scratch = mkdtempSync(join(tmpdir(), 'sdp-ci-'));
const report = (name) => join(scratch, `${name}.json`);
const vitestArgs = (name) => ['--', '--reporter=default', '--reporter=json', `--outputFile=${report(name)}`];

const stages = [
  { name: 'format', command: ['npm', 'run', '-s', 'format:check'] },
  { name: 'lint', command: ['npm', 'run', '-s', 'lint'] },
  { name: 'types', command: ['npm', 'run', '-s', 'typecheck'] },
  // Kafka has a stage of its own, where a skip is a failure.
  {
    name: 'test',
    command: ['npm', 'test', '--silent', ...vitestArgs('test'), '--coverage'],
    env: { SDP_TEST_KAFKA: 'skip' },
    counted: true,
  },
  {
    name: 'kafka',
    command: ['npm', 'run', '-s', 'test:kafka', ...vitestArgs('kafka')],
    counted: true,
  },
  { name: 'demo', command: ['npm', 'run', '-s', 'demo'] },
];

let passed = 0;
let failed = 0;
const rows = [];
for (const { name, command, env, counted } of stages) {
  console.log(`\n── ${name} ──`);
  const started = Date.now();
  const [program, ...args] = command;
  const { status } = spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  let counts = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 };
  if (counted) {
    try {
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report(name), 'utf8'));
      // A run that fails outside its tests (a file that doesn't load, coverage below the bar) is a failure too.
      counts = { passed: numPassedTests, failed: status === 0 ? 0 : Math.max(1, numFailedTests) };
      if (status === 0 && numPassedTests === 0) counts.failed = 1;
    } catch {
      counts = { passed: 0, failed: 1 };
    }
  }
  passed += counts.passed;
  failed += counts.failed;
  rows.push(
    `${name.padEnd(8)} ${String(counts.passed).padStart(6)} passed ${String(counts.failed).padStart(4)} failed ${seconds.padStart(5)} s`,
  );
}
rmSync(scratch, { recursive: true, force: true });

console.log(`\n${rows.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

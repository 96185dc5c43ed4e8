// Runs the checks one after the other, goes on after a failure so that one run shows all of them, and adds up what the
// test runner counted. A stage that isn't a test run counts as one test.
//
// The tests start databases, brokers and processes and kill them; on a machine that others share, one that waits for
// such a part can run out of time. The files of a few failed tests are therefore run once more, by themselves, and the
// summary names every test that needed it: a name that shows up there again is a defect to look into.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const scratch = mkdtempSync(join(tmpdir(), 'sdp-ci-'));
const report = (name) => join(scratch, `${name}.json`);
const vitestArgs = (name) => ['--', '--reporter=default', '--reporter=json', `--outputFile=${report(name)}`];
/** More failures than this are no accident of timing. */
const TRIED_AGAIN_AT_MOST = 5;

const stages = [
  { name: 'format', command: ['npm', 'run', '-s', 'format:check'] },
  { name: 'lint', command: ['npm', 'run', '-s', 'lint'] },
  { name: 'types', command: ['npm', 'run', '-s', 'typecheck'] },
  // Kafka has a stage of its own, where a skip is a failure.
  {
    name: 'test',
    command: ['npm', 'test', '--silent', ...vitestArgs('test'), '--coverage'],
    env: { SDP_TEST_KAFKA: 'skip' },
    again: (files) => ['npm', 'test', '--silent', ...vitestArgs('test-again'), ...files],
  },
  {
    name: 'kafka',
    command: ['npm', 'run', '-s', 'test:kafka', ...vitestArgs('kafka')],
    // Not by its own script, whose filter would let all of the stage in again.
    again: (files) => ['npm', 'test', '--silent', ...vitestArgs('kafka-again'), ...files],
    env: { SDP_REQUIRE_KAFKA: '1' },
  },
  // Requests made from /openapi.json, against a running server.
  {
    name: 'schema',
    command: ['npm', 'run', '-s', 'test:schema', ...vitestArgs('schema')],
    again: (files) => ['npm', 'test', '--silent', ...vitestArgs('schema-again'), ...files],
    env: { SDP_SCHEMATHESIS: 'run' },
  },
  { name: 'demo', command: ['npm', 'run', '-s', 'demo'] },
];

/** Runs a command with its output on ours. */
function run([program, ...args], env) {
  const { status } = spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  return status;
}

/** What a test run wrote of itself: counts, and the failed tests with the first lines of their messages. */
function readReport(name) {
  const { numPassedTests, testResults } = JSON.parse(readFileSync(report(name), 'utf8'));
  const failures = [];
  const passedIn = new Map();
  for (const file of testResults) {
    const path = relative(process.cwd(), file.name);
    const before = failures.length;
    passedIn.set(path, file.assertionResults.filter(({ status }) => status === 'passed').length);
    for (const test of file.assertionResults) {
      if (test.status !== 'failed') continue;
      failures.push({ path, title: test.fullName, message: test.failureMessages.join('\n') });
    }
    if (file.status === 'failed' && failures.length === before) {
      failures.push({ path, title: '(the file itself)', message: file.message ?? '' });
    }
  }
  return { passed: numPassedTests, passedIn, failures };
}

const describe = ({ path, title, message }) =>
  `${path}: ${title}\n${message
    .split('\n')
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join('\n')}`;

/** The counts of a stage of tests, its failed files tried again. */
function countTests(stage, status) {
  let first;
  try {
    first = readReport(stage.name);
  } catch {
    return { passed: 0, failed: 1, failures: [], triedAgain: [] };
  }
  // A run that fails outside its tests (coverage below the bar, an error nobody caught) is a failure too.
  const { passed, passedIn, failures } = first;
  if (status === 0 && passed > 0) return { passed, failed: 0, failures: [], triedAgain: [] };
  if (failures.length === 0 || failures.length > TRIED_AGAIN_AT_MOST) {
    return { passed, failed: Math.max(1, failures.length), failures, triedAgain: [] };
  }
  const files = [...new Set(failures.map(({ path }) => path))];
  console.log(`\n── ${stage.name}, again by themselves: ${files.join(', ')} ──`);
  const secondStatus = run(stage.again(files), stage.env);
  let second;
  try {
    second = readReport(`${stage.name}-again`);
  } catch {
    return { passed, failed: failures.length, failures, triedAgain: failures };
  }
  // Of these files the second run counts: where a file's set-up failed, the first one ran none of its tests.
  const elsewhere = passed - files.reduce((sum, path) => sum + (passedIn.get(path) ?? 0), 0);
  const failed = secondStatus === 0 ? 0 : Math.max(1, second.failures.length);
  return { passed: elsewhere + second.passed, failed, failures: second.failures, triedAgain: failures };
}

/**
 * kcat, the foreign client of the Kafka tests, is a package of the system and not of npm. Where this may install it, it does;
 * elsewhere those tests say that they are skipped.
 */
function installKcat() {
  const isThere = (program) => spawnSync(program, ['-V'], { stdio: 'ignore' }).error?.code !== 'ENOENT';
  if (process.env.CI !== 'true' || process.getuid?.() !== 0 || isThere('kcat') || !isThere('apt-get')) return;
  console.log('\n── kcat ──');
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'kcat'];
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  // The lists of packages may be missing, as they are in fresh images.
  if (run(install, quiet) !== 0 && run(['apt-get', 'update', '-qq'], quiet) === 0) run(install, quiet);
}

installKcat();
let passed = 0;
let failed = 0;
const rows = [];
const notes = [];
for (const stage of stages) {
  console.log(`\n── ${stage.name} ──`);
  const started = Date.now();
  const status = run(stage.command, stage.env);
  let counts = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 };
  if (stage.again !== undefined) {
    counts = countTests(stage, status);
    if (counts.triedAgain.length > 0) {
      notes.push(`failed in the first run of ${stage.name}:\n${counts.triedAgain.map(describe).join('\n')}`);
    }
    if (counts.failures.length > 0) {
      notes.push(`FAILED in ${stage.name}:\n${counts.failures.map(describe).join('\n')}`);
    }
  }
  passed += counts.passed;
  failed += counts.failed;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  rows.push(
    `${stage.name.padEnd(8)} ${String(counts.passed).padStart(6)} passed ${String(counts.failed).padStart(4)} failed ${seconds.padStart(5)} s`,
  );
}
rmSync(scratch, { recursive: true, force: true });

for (const note of notes) console.log(`\n${note}`);
console.log(`\n${rows.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

// Runs the import rules and fails when the cruiser saw too few files: with a parser missing it reports success over
// nothing. Then looks for `process.env` outside the files that may read it.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

const root = process.argv[2] ?? process.cwd();
const folders = ['shared/src', 'client/src', 'server/src'];
const sources = globSync(
  folders.map((folder) => `${folder}/**/*.ts`),
  { cwd: root },
);

const run = spawnSync(
  process.execPath,
  [
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    ...folders,
  ],
  { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
);
let failed = false;
const complain = (line) => {
  failed = true;
  console.error(line);
};
let report;
try {
  report = JSON.parse(run.stdout);
} catch {
  complain(`import rules did not run: ${run.stderr}`);
}
if (report) {
  const cruised = report.modules.filter((module) => folders.some((folder) => module.source.startsWith(folder))).length;
  if (cruised < sources.length) complain(`import rules saw ${cruised} of ${sources.length} files`);
  for (const { from, to, rule } of report.summary.violations) complain(`${rule.name}: ${from} → ${to}`);
  console.error(`import rules: ${cruised} files, ${report.summary.violations.length} violations`);
}

// Setting a variable for a library is no reading.
const assignment = /\bprocess\.env\['\w+'\] = /g;
const mayReadEnvironment = /^(server\/src\/(settings|processes)\/|client\/src\/main\.ts$)/;
for (const file of sources) {
  const path = file.replaceAll('\\', '/');
  if (
    !mayReadEnvironment.test(path) &&
    /\bprocess\.env\b/.test(readFileSync(`${root}/${path}`, 'utf8').replaceAll(assignment, ''))
  ) {
    complain(`environment-read-in-one-place: ${path} reads process.env`);
  }
}
process.exit(failed ? 1 : 0);

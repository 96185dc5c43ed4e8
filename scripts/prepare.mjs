// After an install: puts the Node 24 that the install brought where npm scripts and npx look first, and builds.
import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const binDir = join(modules, '.bin');
const windows = process.platform === 'win32';

// npm 11 links an optional package's programs by itself; npm 10 leaves them out.
const link = join(binDir, windows ? 'node.cmd' : 'node');
if (existsSync(binDir) && existsSync(join(modules, platform)) && !existsSync(link)) {
  if (windows) writeFileSync(link, `@"%~dp0\\..\\${platform}\\bin\\node.exe" %*\r\n`);
  else symlinkSync(join('..', platform, 'bin', 'node'), link);
}

const compiler = join(modules, 'typescript', 'bin', 'tsc');
// `npm ci --omit=dev` leaves the compiler out: the image that installs so brings dist/ with it.
if (!existsSync(compiler)) process.exit(0);
const { status } = spawnSync(process.execPath, [compiler, '-b'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

const major = Number(process.versions.node.split('.')[0]);
if (major < 22 && !existsSync(link)) {
  const { engines } = createRequire(import.meta.url)('@platformatic/kafka/package.json');
  console.warn(`SDP runs on Node ${engines.node}; none came with the install for ${process.platform} ${process.arch}.`);
}

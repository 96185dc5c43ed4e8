#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=4
// Runs on the Node that npm installed beside this package where the one in charge is too old for it. Values pass through
// by the million and are garbage at once: left to itself V8 would keep a hundred megabytes for them, and be no faster.
// One arena (glibc's malloc) instead of several a thread: what one thread frees the other one uses, 35 MB less at the peak.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 22)) {
  await import('../dist/main.js');
} else {
  const node = newerNode();
  if (node === undefined) {
    console.error(`sdp: error: Node ${process.versions.node} is too old\nsdp: hint: Install Node 24.`);
    process.exitCode = 3;
  } else {
    const child = spawn(node, ['--max-semi-space-size=4', ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    });
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
    child.on('close', (status, signal) => {
      process.exitCode = status ?? (signal === null ? 1 : 130);
    });
  }
}

function newerNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  } catch {
    return undefined;
  }
}

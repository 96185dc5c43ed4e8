import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { foreignEnvironment } from './foreign-environment.ts';

const program = join(import.meta.dirname, '../../client/bin/sdp.js');

/** A key that nobody can guess; the server takes any string of 32 characters or more as its first key. */
export function generateApiKey(): string {
  return randomBytes(32).toString('base64url');
}

/** Runs one command of the built program, as a user would type it, and gives what it wrote to stdout. */
export function runSdp(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const typed = args.map((arg) => (arg.startsWith('/') ? relative(process.cwd(), arg) : arg)).join(' ');
  console.log(`   $ npx sdp ${typed}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...foreignEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
      signal,
      killSignal: 'SIGINT',
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      process.stdout.write(output.replace(/^(?=.)/gm, '   '));
      if (code === 0) resolve(output);
      else reject(new Error(`sdp ${args[0]} ended with status ${code}`));
    });
  });
}

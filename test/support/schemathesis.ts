import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const version = '4.32.5';

/** Where the packages are once they are there; outside the tree, and kept from run to run. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sdp-tests');

/**
 * Schemathesis, which makes requests from an OpenAPI document and compares the answers with it (schemathesis.io), fetched from
 * PyPI where it isn't there yet.
 *
 * @returns the folder of its packages, for PYTHONPATH, or why there is none
 */
export function schemathesisPackages(): { readonly folder: string } | { readonly missing: string } {
  const folder = join(cache, `schemathesis-${version}`);
  if (existsSync(folder)) return { folder };
  mkdirSync(cache, { recursive: true });
  const incoming = mkdtempSync(join(cache, 'incoming-'));
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', incoming];
  const { status } = spawnSync('python3', [...install, `schemathesis==${version}`], { stdio: 'ignore' });
  if (status !== 0) {
    rmSync(incoming, { recursive: true, force: true });
    return { missing: 'it takes Python 3.10 or newer with pip, and PyPI' };
  }
  try {
    renameSync(incoming, folder);
  } catch {
    // Another run was faster.
    rmSync(incoming, { recursive: true, force: true });
  }
  return { folder };
}

import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../keys/index.ts';

/**
 * Where SDP keeps what it has to remember beside a vault: `SDP_STATE_DIR`, else the place that the system has for such
 * things (on Linux by the XDG base directory specification).
 */
export function stateFolder(env: Environment): string {
  const own = env['SDP_STATE_DIR'];
  if (own) return own;
  const home = env['HOME'] || homedir();
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'sdp');
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'sdp');
  return join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'sdp');
}

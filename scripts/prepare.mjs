// Builds the workspaces after an install. Runs on the Node 24 that the install brought, whatever the system's Node is.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
if (!existsSync(tsc)) {
  // `npm ci --omit=dev` leaves the compiler out: the image that installs so brings dist/ with it.
  process.exit(0);
}
const { status } = spawnSync(process.execPath, [tsc, '-b'], { stdio: 'inherit' });
process.exit(status ?? 1);

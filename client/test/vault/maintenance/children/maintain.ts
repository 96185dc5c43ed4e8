/**
 * One piece of maintenance in a process of its own, to be killed: argument 1 says which, 2 is the vault, 3 what else it
 * needs. Prints `begun` before it starts and `done` at its end.
 */
import { parseMasterKey } from '@sdp/shared/crypto';
import {
  mergeVault,
  openVaultFile,
  rekeyVault,
  restoreVault,
  retokenVault,
} from '../../../../src/vault/maintenance/index.ts';

const [verb = '', path = '', other = ''] = process.argv.slice(2);
const masterKey = parseMasterKey(process.env['TEST_KEY'] ?? '');
process.stdout.write('begun\n');
if (verb === 'rekey') {
  const file = openVaultFile({ path, masterKey });
  await rekeyVault(file);
  file.db.close();
} else if (verb === 'retoken') await retokenVault({ path, masterKey, mapPath: other });
else if (verb === 'merge') await mergeVault({ path, masterKey, from: { path: other, masterKey } });
else if (verb === 'restore') {
  await restoreVault({ input: other, inputKey: masterKey, vaultPath: path, masterKey, confirmed: true });
}
process.stdout.write('done\n');

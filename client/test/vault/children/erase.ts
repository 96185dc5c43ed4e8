/** Sweeps the vault as of day argument 2, or forgets the values of the file in argument 3; prints when it is done. */
import { readFileSync } from 'node:fs';
import { parseMasterKey } from '@sdp/shared/crypto';
import { forgetEntries, sweepVault } from '../../../src/vault/erasure/index.ts';

const [path = '', day = '', list] = process.argv.slice(2);
const vault = { path, masterKey: parseMasterKey(process.env['TEST_KEY'] ?? '') };
process.stdout.write('started\n');
if (list === undefined)
  await sweepVault(vault, { day: Number(day), onProgress: () => process.stdout.write('progress\n') });
else forgetEntries(vault, { tokens: [], values: readFileSync(list, 'utf8').split('\n') }, 'test');
process.stdout.write('done\n');

/**
 * Tokenizes `<label>.<n>` for n from argument 2 on, in rounds of growing and shrinking size, and prints a round's end
 * once it is flushed. Goes on until it is killed, or up to argument 3.
 */
import { parseMasterKey } from '@sdp/shared/crypto';
import { openVault } from '../../../src/vault/index.ts';

const [path = '', label = '', from = '0', to = 'Infinity'] = process.argv.slice(2);
const masterKey = parseMasterKey(process.env['TEST_KEY'] ?? '');
const vault = await openVault({ path, masterKey, create: true });
const tokenize = vault.tokenizer('n');
const sizes = [1, 50, 700, 3_000, 200, 20_000];
let n = Number(from);
for (let round = 0; n < Number(to); round++) {
  const end = Math.min(n + (sizes[round % sizes.length] ?? 1), Number(to));
  for (; n < end; n++) tokenize(`${label}.${n}`);
  await vault.flush();
  process.stdout.write(`${n}\n`);
}
await vault.close();

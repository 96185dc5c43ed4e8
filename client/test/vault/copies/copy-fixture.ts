import { join } from 'node:path';
import type { MasterKey } from '@sdp/shared/crypto';
import { canonicalizer } from '@sdp/shared/tokenization';
import { expect } from 'vitest';
import { type CopyServer, pushVault } from '../../../src/vault/copies/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { openVaultFile } from '../../../src/vault/maintenance/index.ts';
import { someValues, temporaryFolder, vaultAt } from '../vault-fixture.ts';

/** A path in a folder that goes away with the test; in `beforeAll`, give `afterAll`. */
export const newPath = (atEnd?: Parameters<typeof temporaryFolder>[0]) => join(temporaryFolder(atEnd), 'v.db');

/** A vault with entries of every kind. @returns what each namespace's texts stand for */
export async function filled(path: string, masterKey: MasterKey, count = 300) {
  const vault = await openVault({ path, masterKey, create: true });
  const made = {
    token: new Map<string, string>(),
    random: new Map<string, string>(),
    surrogate: new Map<string, string>(),
  };
  const token = vault.tokenizer('people.name', { canonical: canonicalizer({ steps: ['trim', 'lower'] }) });
  const random = vault.randomTokenizer('people.session');
  const surrogate = vault.surrogates(
    'people.card',
    (value, attempt) => `99${value.length}${value.slice(-5)}${attempt}`,
  );
  for (const value of someValues(count)) {
    made.token.set(token(value), value);
    made.random.set(random(value), value);
    made.surrogate.set(surrogate(value), value);
  }
  await vault.flush();
  await vault.close();
  return made;
}

/** Pushes a closed vault. */
export async function push(path: string, masterKey: MasterKey, server: CopyServer, fromScratch = false) {
  const file = openVaultFile({ path, masterKey });
  try {
    return await pushVault(file, server, { fromScratch });
  } finally {
    file.db.close();
  }
}

/** Verifies a vault and opens every value of {@link filled}. */
export async function expectHolds(path: string, masterKey: MasterKey, made: Awaited<ReturnType<typeof filled>>) {
  const vault = await vaultAt(path, masterKey);
  expect(await vault.verify()).toMatchObject({ ok: true, damage: [] });
  const [reveal, revealSurrogate] = [vault.revealer(), vault.surrogateRevealer('people.card')];
  for (const [text, value] of [...made.token, ...made.random])
    if (reveal(text) !== value) expect.fail('a value is missing');
  for (const [text, value] of made.surrogate) if (revealSurrogate(text) !== value) expect.fail('a value is missing');
  await vault.close();
}

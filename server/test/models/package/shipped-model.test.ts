import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  openPackage,
  parseTrustedKeys,
  readPackage,
  readShippedModel,
  shippedModelDir,
  trustedModelKeys,
  verifyPackage,
} from '../../../src/models/index.ts';
import { fraudModels } from '../../../src/processes/models/fraud-models.ts';

it('the model that comes along is the one that was signed, and gives valid scores', async () => {
  const shipped = await readShippedModel();
  const model = await openPackage(shipped, trustedModelKeys(''), fraudModels());
  expect(model.version).toBe(shipped.statement.version);
  await model.close();
});

it('the model that comes along is trusted for its key in the source, and refused when it is changed', async () => {
  const shipped = await readShippedModel();
  expect(() => verifyPackage(shipped, parseTrustedKeys(''))).toThrow(
    expect.objectContaining({ code: 'model-tampered' }),
  );
  const dir = mkdtempSync(join(tmpdir(), 'sdp-shipped-model-'));
  try {
    cpSync(shippedModelDir(), dir, { recursive: true });
    await appendFile(join(dir, 'rules.yml'), '\n# lenient\n');
    const changed = await readPackage(dir);
    await expect(openPackage(changed, trustedModelKeys(''), fraudModels())).rejects.toThrow(
      expect.objectContaining({ code: 'model-tampered' }),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defaultModelCardPath, loadOnnxModel, type ModelCard, type RiskModel } from '../../src/scoring/index.ts';
import { shippedCard } from './model.ts';

const models = dirname(defaultModelCardPath());
const card = shippedCard();

describe('the shipped model', () => {
  let model: RiskModel;
  beforeAll(async () => {
    model = await loadOnnxModel();
  });
  afterAll(() => model.close());

  const paritySchema = z.object({ rows: z.array(z.array(z.number().nullable())), expected: z.array(z.number()) });
  const parity = paritySchema.parse(
    JSON.parse(readFileSync(join(models, `${card.name}-${card.version}.parity.json`), 'utf8')),
  );
  const width = card.features.length;
  const matrix = Float32Array.from(parity.rows.flat(), (cell) => cell ?? Number.NaN);

  test('scores as the trained one does, gaps and extremes included', async () => {
    const scores = await model.predict(matrix, parity.rows.length);
    const differences = parity.expected.map((expected, row) => Math.abs(expected - (scores[row] as number)));
    expect(parity.rows.flat().includes(null)).toBe(true);
    expect(parity.expected.length).toBe(card.parity.rows);
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-5);
  });

  test('scores a row alone as among others, and looks at no row beyond those asked for', async () => {
    const together = await model.predict(matrix, 8);
    expect(together.length).toBe(8);
    for (const [row, score] of together.entries()) {
      expect((await model.predict(matrix.subarray(row * width, (row + 1) * width), 1))[0]).toBe(score);
    }
  });

  test('has a recipe that is the one in the repository', () => {
    const recipe = readFileSync(new URL('../../models/train.py', import.meta.url));
    expect(createHash('sha256').update(recipe).digest('hex')).toBe(card.training.recipe_sha256);
  });

  test('ranks at least as well as the reference it is compared with', () => {
    expect(card.metrics.roc_auc.mean).toBeGreaterThan(0.7815);
    expect(card.metrics.pr_auc.mean).toBeGreaterThan(0.5578);
  });
});

describe('loadOnnxModel refuses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-model-'));
  const cardPath = join(folder, 'test.card.json');
  const modelPath = join(folder, card.file.name);
  afterAll(() => rmSync(folder, { recursive: true }));

  const loadWith = (changed: Partial<ModelCard> | string) => {
    copyFileSync(join(models, card.file.name), modelPath);
    writeFileSync(cardPath, typeof changed === 'string' ? changed : JSON.stringify({ ...card, ...changed }));
    return loadOnnxModel({ cardPath });
  };
  const refusal = { code: 'model-invalid', kind: 'config' };

  test('nothing where all is well', async () => {
    await (await loadWith({})).close();
  });

  test('a card that is not there', async () => {
    await expect(loadOnnxModel({ cardPath: join(folder, 'none.json') })).rejects.toMatchObject(refusal);
  });

  test('a card that is not JSON, without quoting it', async () => {
    const error = await loadWith('{"name": "secret-').catch((caught: unknown) => caught);
    expect(error).toMatchObject(refusal);
    expect(String(error)).not.toContain('secret-');
  });

  test('a card with wrong fields, naming all of them', async () => {
    const wrong = { version: 'one', bands: { ...card.bands, medium_from: 0.9 } };
    await expect(loadWith(wrong)).rejects.toMatchObject({
      ...refusal,
      details: { findings: [{ field: 'version' }, { field: 'bands' }] },
    });
  });

  test('a path out of the card’s folder', async () => {
    await expect(loadWith({ file: { ...card.file, name: '../x.onnx' } })).rejects.toMatchObject(refusal);
  });

  test('a model that is not the one described', async () => {
    await expect(loadWith({ file: { ...card.file, sha256: '0'.repeat(64) } })).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('not the one'),
    });
  });

  test('a file that is no model', async () => {
    const name = 'no-model.onnx';
    writeFileSync(join(folder, name), 'no model');
    const sha256 = createHash('sha256').update('no model').digest('hex');
    await expect(loadWith({ file: { name, sha256 } })).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('cannot be loaded'),
    });
  });

  test('a model with another number of features', async () => {
    await expect(loadWith({ features: card.features.slice(1) })).rejects.toMatchObject(refusal);
  });

  test('a model without the output that is named', async () => {
    await expect(loadWith({ output: { ...card.output, name: 'other' } })).rejects.toMatchObject(refusal);
  });

  test('a model with another number of classes', async () => {
    await expect(loadWith({ output: { ...card.output, classes: 3 } })).rejects.toMatchObject(refusal);
  });
});

import { ConfigError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { openEnsemble } from '../../../src/transactions/ensemble/index.ts';
import type { Manifest } from '../../../src/transactions/ensemble/manifest.ts';
import { type Files, noRules, shippedPackage, withFile, withManifest } from './shipped-package.ts';

const files = shippedPackage();

async function refusal(changed: Files): Promise<ConfigError> {
  const error = await openEnsemble(changed).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.code).toBe('model-invalid');
  return error;
}

describe('a package that is refused', () => {
  it.each(['ensemble.json', 'trees.onnx', 'network.onnx', 'forest.json', 'rules.yml'])('lacks %s', async (name) => {
    const lacking = new Map(files);
    lacking.delete(name);
    expect((await refusal(lacking)).details.file).toBe(name);
  });

  it.each(['trees.onnx', 'network.onnx', 'forest.json', 'rules.yml'])('holds another %s than meant', async (name) => {
    const changed = Uint8Array.from(files.get(name) as Uint8Array);
    changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1;
    expect((await refusal(new Map(files).set(name, changed))).details.file).toBe(name);
  });

  it.each<[string, (manifest: Manifest) => void]>([
    ['another schema', (m) => Object.assign(m, { schema_version: 2 })],
    ['another feature set', (m) => Object.assign(m, { feature_set: 'fraud-features-0' })],
    ['a field nobody knows', (m) => Object.assign(m, { debug: true })],
    ['no member', (m) => Object.assign(m, { members: [] })],
    ['a member twice', (m) => m.members.push(m.members[0] as never)],
    ['a feature nobody knows', (m) => m.members[0]?.features.push('shoe_size')],
    ['a feature twice', (m) => m.members[0]?.features.push('amount')],
    ['a feature left out', (m) => m.members[0]?.features.pop()],
    ['a weight too few', (m) => delete m.combination.weights['forest']],
    ['a weight below 0', (m) => Object.assign(m.combination.weights['forest'] as object, { weight: -1 })],
    ['a weight that is no number', (m) => Object.assign(m.combination.weights['forest'] as object, { weight: null })],
    ['an ordinary value too few', (m) => delete m.ordinary['amount']],
    ['thresholds the wrong way round', (m) => Object.assign(m.thresholds, { decline: 0.01 })],
    ['a threshold of 0', (m) => Object.assign(m.thresholds, { review: 0 })],
    ['a currency that is not worth 1', (m) => Object.assign(m.amounts.worth, { EUR: 2 })],
    ['an input by another name', (m) => Object.assign(m.members[0] as object, { input: 'x' })],
    [
      'an output by another name',
      (m) => Object.assign(m.members[0] as object, { output: { name: 'x', classes: 2, class_index: 1 } }),
    ],
    [
      'another number of classes',
      (m) => Object.assign(m.members[0] as object, { output: { name: 'probabilities', classes: 1, class_index: 0 } }),
    ],
    [
      'a class that is not there',
      (m) => Object.assign(m.members[1] as object, { output: { name: 'probability', classes: 1, class_index: 1 } }),
    ],
    [
      'labels for probabilities',
      (m) => Object.assign(m.members[0] as object, { output: { name: 'label', classes: 1, class_index: 0 } }),
    ],
    ['a file outside', (m) => Object.assign(m, { rules: '../rules.yml' })],
    ['a file that is not listed', (m) => delete m.files['rules.yml']],
  ])('names %s', async (_, change) => {
    await refusal(withManifest(files, change));
  });

  it.each([
    ['ensemble.json', '{'],
    ['ensemble.json', 'null'],
  ])('holds a manifest that is none', async (name, content) => {
    await refusal(new Map(files).set(name, Buffer.from(content)));
  });

  it('holds a model that is none, or one that always gives NaN', async () => {
    await refusal(withFile(files, 'trees.onnx', 'no model'));
    const spoiled = Buffer.from(files.get('network.onnx') as Uint8Array);
    // The last layer's bias: its name, then a field of 4 bytes.
    const bias = spoiled.indexOf(Buffer.from('bias_2J\u0004'));
    expect(bias).toBeGreaterThan(0);
    spoiled.writeFloatLE(Number.NaN, bias + 8);
    await refusal(withFile(files, 'network.onnx', spoiled));
  });

  it.each<[string, (forest: { depth: number; trees: Record<string, string>[] }) => void]>([
    ['no tree', (forest) => forest.trees.splice(0)],
    ['a tree cut short', (forest) => Object.assign(forest.trees[0] as object, { threshold: '' })],
    ['another depth', (forest) => Object.assign(forest, { depth: 7 })],
    [
      'a column that is not there',
      (forest) => Object.assign(forest.trees[0] as object, { column: Buffer.alloc(510, 1).toString('base64') }),
    ],
    [
      'a length that is no number',
      (forest) =>
        Object.assign(forest.trees[0] as object, { path_length: Buffer.alloc(1_024, 0xff).toString('base64') }),
    ],
  ])('holds a forest with %s', async (_, change) => {
    const forest = JSON.parse(Buffer.from(files.get('forest.json') as Uint8Array).toString());
    change(forest);
    expect((await refusal(withFile(files, 'forest.json', JSON.stringify(forest)))).details.file).toBe('forest.json');
  });

  it.each([
    ['no YAML', 'rules: ['],
    [
      'a rule without an effect',
      `schema_version: 1\nrules: [{ code: a, text: T, when: { feature: amount, op: '>', value: 1 } }]`,
    ],
    [
      'a code twice',
      `schema_version: 1\nrules:\n${"- { code: a, text: T, when: { feature: amount, op: '>', value: 1 }, effect: { add: 1 } }\n".repeat(2)}`,
    ],
    [
      'aliases',
      `schema_version: 1\nrules: [{ code: a, text: T, when: &w { feature: amount, op: '>', value: 1 }, effect: { add: 1 } }, { code: b, text: T, when: *w, effect: { add: 1 } }]`,
    ],
    [
      'conditions too deep',
      `schema_version: 1\nrules: [{ code: a, text: T, effect: { add: 1 }, when: ${'{ not: '.repeat(8)}{ feature: amount, op: '>', value: 1 }${' }'.repeat(8)} }]`,
    ],
  ])('holds rules with %s', async (_, rules) => {
    expect((await refusal(withFile(files, 'rules.yml', rules))).details.file).toBe('rules.yml');
  });
});

it('opens without rules, and with files that nobody reads', async () => {
  const ensemble = await openEnsemble(withFile(files, 'rules.yml', noRules).set('NOTES.md', Buffer.from('notes')));
  expect(ensemble.featureSetId).toBe('fraud-features-1');
  await ensemble.close();
});

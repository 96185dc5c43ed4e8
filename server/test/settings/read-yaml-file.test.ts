import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { parseYaml, readYamlFile } from '../../src/settings/index.ts';

const schema = z.strictObject({ channels: z.array(z.strictObject({ name: z.string() })) });
const problemOf = (text: string): unknown => {
  try {
    parseYaml('a.yml', text, schema);
  } catch (error) {
    return (error as { details: unknown }).details;
  }
  return undefined;
};

it('names each place that is no YAML once', () => {
  expect(problemOf('channels: [ { name: x\n')).toMatchObject({
    count: 1,
    findings: [{ line: 2, column: 1, message: 'is not well-formed YAML' }],
  });
});

it('takes no aliases, and says where one stands', () => {
  expect(problemOf('channels:\n  - &first { name: a }\n  - *first\n')).toMatchObject({
    count: 1,
    findings: [{ line: 3, column: 5, message: 'must be written out: aliases are not taken' }],
  });
});

it('quotes nothing of the file', () => {
  expect(JSON.stringify(problemOf('channels: [ { name: "secret-of-somebody }'))).not.toContain('secret');
});

it('names a file that is not there', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'sdp-yaml-')), 'no.yml');
  expect(() => readYamlFile(path, schema)).toThrow(`The configuration file ${path} cannot be read`);
  writeFileSync(path, 'channels: [{ name: a }]');
  expect(readYamlFile(path, schema)).toEqual({ channels: [{ name: 'a' }] });
});

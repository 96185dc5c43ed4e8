import { readdirSync, readFileSync } from 'node:fs';
import { InputError } from '@sdp/shared/errors';
import { describe, expect, test } from 'vitest';
import { hasTestData, readTestJson, testDataPath } from '../../../test/support/test-data.ts';
import { rewriteLines } from '../support/ndjson-bytes.ts';

const folder = ['json-testsuite', 'test_parsing'] as const;
const names = hasTestData(...folder)
  ? readdirSync(testDataPath(...folder)).filter((name) => name.endsWith('.json'))
  : [];

/** Accepted by JSON, refused here on purpose: of two equal names only one could be meant. */
const refusedHere = new Set(['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json']);

/** The text as the value of a field; line feeds between its tokens would end the line. */
function asLine(name: string): Buffer | undefined {
  const text = readFileSync(testDataPath(...folder, name));
  if (text[0] === 0xef || text[0] === 0xff || text[0] === 0xfe) return undefined;
  const line = name.startsWith('y_') ? Buffer.from(text.toString('latin1').replaceAll('\n', ' '), 'latin1') : text;
  return Buffer.concat([Buffer.from('{"value":'), line, Buffer.from('}\n')]);
}

describe.skipIf(names.length === 0)('JSONTestSuite', () => {
  test('takes what every parser must take, and gives its bytes back', async () => {
    let taken = 0;
    for (const name of names.filter((each) => each.startsWith('y_'))) {
      const line = asLine(name);
      if (line === undefined) continue;
      const refused = refusedHere.has(name);
      for (const chunk of [1 << 20, 3]) {
        const outcome = rewriteLines(line, {}, { chunk }).catch((error: unknown) => error);
        if (refused) expect(await outcome, name).toBeInstanceOf(InputError);
        else if (line.includes('{}')) await outcome;
        else expect((await outcome) as { bytes: Buffer }, name).toMatchObject({ bytes: line });
      }
      taken++;
    }
    expect(taken).toBeGreaterThan(40);
  });

  test('refuses what every parser must refuse, with the line', async () => {
    let refused = 0;
    for (const name of names.filter((each) => each.startsWith('n_'))) {
      const line = asLine(name);
      if (line === undefined) continue;
      // Between tokens these would be blanks that end no line.
      if (line.subarray(0, -1).includes(0x0a)) continue;
      // A member behind the value, or the brace that closes the object early, makes other JSON of it.
      if (isJson(line)) continue;
      const error = await rewriteLines(line, {}).catch((thrown: unknown) => thrown);
      expect(error, name).toBeInstanceOf(InputError);
      expect((error as InputError).details.row, name).toBe(1);
      refused++;
    }
    expect(refused).toBeGreaterThan(90);
  });

  test('never takes what JSON.parse refuses', async () => {
    for (const name of names.filter((each) => each.startsWith('i_'))) {
      const line = asLine(name);
      if (line === undefined || isJson(line)) continue;
      expect(await rewriteLines(line, {}).catch((thrown: unknown) => thrown), name).toBeInstanceOf(InputError);
    }
  });
});

test.skipIf(!hasTestData('json-blns', 'blns.json'))('replaces naughty strings and puts them back', async () => {
  const strings = (readTestJson('json-blns', 'blns.json') as string[]).filter((text) => text.isWellFormed());
  const input = strings.map((text, at) => `{"n":${at},"s":${JSON.stringify(text)}}\n`).join('');
  const values: string[] = [];
  const edit = { index: 1, replace: (value: string) => `t${values.push(value) - 1}` };
  const replaced = await rewriteLines(input, { edits: [edit] });
  expect(values).toEqual(strings.filter((text) => text !== ''));
  const again = await rewriteLines(
    replaced.bytes,
    { restores: true, edits: [{ index: 1, replace: (token) => values[Number(token.slice(1))] }] },
    { types: replaced.types, spelling: replaced.spelling },
  );
  expect(again.text).toBe(input);
});

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

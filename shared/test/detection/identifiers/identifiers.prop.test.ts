import { findIdentifiers, identifierKind } from '@sdp/shared/detection';
import { describe, expect, test } from 'vitest';
import { isProving } from '../../../src/detection/identifiers/definition.ts';
import { definitions } from '../../../src/detection/identifiers/definitions.ts';
import { check, fillLayout, layoutsOf, passingValues, seededRandom } from './generated-values.ts';

const withLayouts = definitions.filter((definition) => layoutsOf(definition).length > 0);
/** Random values that are tried for each layout; kinds that fewer than one in thousands passes have specimens instead. */
const attempts = 12_000;

/** Numbers of which the checksum leaves out digits: program and account, municipality, and a weight of 11 modulo 11. */
const partlyChecked: Readonly<Record<string, number>> = { 'ca-business-number': 0.45, 'gt-cui': 0.4, 'kz-iin': 0.3 };

/** A search begins at a group with digits, or at letters right before one. */
const beginsWithLettersOnly = (value: string) => /^[A-Z]+[^0-9A-Z][A-Z]+/.test(value);

describe.each(withLayouts.map((definition) => [definition.kind, definition] as const))('%s', (kind, definition) => {
  test('every passing value is judged, and found in a sentence that announces it', () => {
    const random = seededRandom(kind.length * 7919);
    for (const layout of layoutsOf(definition)) {
      for (const value of passingValues(definition, layout, 4, attempts, random)) {
        if (beginsWithLettersOnly(value)) continue;
        expect([value, identifierKind(kind)?.judge(` ${value} `)]).not.toEqual([value, undefined]);
        const word = definition.words[0] ?? '';
        const text = `(${word}: ${value}), bien sûr.`;
        const start = word.length + 3;
        const own = findIdentifiers(text, { kinds: [kind] });
        expect([value, own.map((found) => [found.start, found.end])]).toEqual([value, [[start, start + value.length]]]);
        const any = findIdentifiers(text);
        const covered = any.some((found) => found.start <= start && found.end >= start + value.length);
        expect([value, covered]).toEqual([value, true]);
      }
    }
  });

  if (isProving(definition))
    test('with one digit changed it is not proven, save where the checksum cannot tell', () => {
      const random = seededRandom(kind.length * 104_729);
      let proven = 0;
      let changed = 0;
      for (const value of layoutsOf(definition).flatMap((layout) =>
        passingValues(definition, layout, 3, attempts, random),
      )) {
        for (let index = 0; index < value.length; index += 1) {
          const digit = value[index] ?? '';
          if (!/\d/.test(digit)) continue;
          const other = `${value.slice(0, index)}${(Number(digit) + 1 + Math.floor(random() * 9)) % 10}${value.slice(index + 1)}`;
          changed += 1;
          if (identifierKind(kind)?.judge(other) === 'proven') proven += 1;
        }
      }
      expect(proven).toBeLessThanOrEqual(changed * (partlyChecked[kind] ?? 0.11));
    });

  if (definition.check !== undefined)
    test('chance is no more than it states', () => {
      const random = seededRandom(kind.length * 31);
      const samples = 6000;
      for (const layout of new Set(layoutsOf(definition).map((form) => form.replace(/[~=]/g, '-')))) {
        let passing = 0;
        for (let i = 0; i < samples; i += 1) if (check(definition, fillLayout(layout, random)) === true) passing += 1;
        // Four standard deviations above what is stated.
        const stated = samples * definition.chance;
        expect([layout, passing]).toEqual([
          layout,
          Math.min(passing, Math.ceil(stated * 1.1 + 4 * Math.sqrt(stated) + 3)),
        ]);
      }
    });
});

import { compatibilityFindings, type JsonSchema } from '@sdp/shared/messaging';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const jsonSchema = (schema: z.ZodType) => z.toJSONSchema(schema) as JsonSchema;
const base = z.strictObject({
  id: z.uuid(),
  cents: z.int().min(0).max(1_000_000),
  currency: z.enum(['EUR', 'USD']),
  note: z.string().max(50).optional(),
  lines: z.array(z.strictObject({ text: z.string() })),
  when: z.union([z.literal('now'), z.iso.datetime()]),
});
const findings = (newer: z.ZodType, older: z.ZodType = base) =>
  compatibilityFindings(jsonSchema(older), jsonSchema(newer));

describe('a newer contract reads older messages', () => {
  test.each<[string, z.ZodType]>([
    ['as it is', base],
    ['with an optional field more', base.extend({ memo: z.string().optional() })],
    ['with a value more', base.extend({ currency: z.enum(['EUR', 'USD', 'CHF']) })],
    ['with wider bounds', base.extend({ cents: z.int().min(-5).max(2_000_000), note: z.string().max(60).optional() })],
    ['with a field that is no longer required', base.extend({ cents: base.shape.cents.optional() })],
    ['with an alternative more', base.extend({ when: z.union([base.shape.when, z.literal('later')]) })],
    ['with any number', base.extend({ cents: z.number().min(0).max(1_000_000) })],
    ['with a description', base.extend({ cents: base.shape.cents.describe('minor units') })],
  ])('%s', (_, newer) => expect(findings(newer)).toEqual([]));

  test.each<[string, z.ZodType, RegExp]>([
    ['a required field more', base.extend({ memo: z.string() }), /memo: is required/],
    ['a field less', base.omit({ note: true }), /note: is refused/],
    ['a field that became required', base.extend({ note: z.string().max(50) }), /note: is required/],
    ['another type', base.extend({ cents: z.string() }), /cents: the type/],
    ['a value less', base.extend({ currency: z.enum(['EUR']) }), /currency: a value/],
    ['values that had none', z.strictObject({ ...base.shape, note: z.enum(['a']).optional() }), /note: a value/],
    ['a tighter bound', base.extend({ cents: z.int().min(1).max(1_000_000) }), /cents: minimum/],
    ['a new bound', base.extend({ lines: base.shape.lines.max(5) }), /lines: maxItems/],
    ['a narrower item', base.extend({ lines: z.array(z.strictObject({ text: z.string().min(1) })) }), /lines\[\]/],
    ['an alternative less', base.extend({ when: z.literal('now') }), /when: an alternative/],
    ['a pattern', base.extend({ note: z.string().max(50).regex(/^a/).optional() }), /note: pattern/],
    ['another format', base.extend({ id: z.email() }), /id: (format|pattern)/],
  ])('%s is found', (_, newer, finding) => expect(findings(newer).join('\n')).toMatch(finding));

  test('a field that lay among the others may not become narrower', () => {
    const loose = z.looseObject({ a: z.string() });
    expect(findings(loose.extend({ b: z.int().optional() }), loose)).toContain('b: the type changed');
  });

  test('says nothing only if no old message is refused', () => {
    const field = fc.constantFrom<z.ZodType>(
      z.string(),
      z.string().max(3),
      z.int(),
      z.number(),
      z.enum(['a', 'b']),
      z.enum(['a', 'b', 'c']),
      z.literal('a'),
      z.union([z.int(), z.literal('a')]),
      z.array(z.int()),
      z.array(z.number()).max(2),
      z.null(),
    );
    const shape = fc.dictionary(fc.constantFrom('p', 'q', 'r'), fc.tuple(field, fc.boolean()), { minKeys: 1 });
    const value = fc.oneof(
      fc.constantFrom<unknown>('a', 'b', 'c', 'long text', null, 1, 1.5),
      fc.array(fc.constantFrom(1, 2.5), { maxLength: 3 }),
    );
    const messages = fc.dictionary(fc.constantFrom('p', 'q', 'r'), value);
    const toSchema = (fields: Record<string, [z.ZodType, boolean]>) =>
      z.strictObject(
        Object.fromEntries(
          Object.entries(fields).map(([name, [type, isOptional]]) => [name, isOptional ? type.optional() : type]),
        ),
      );
    let compatible = 0;
    fc.assert(
      fc.property(
        shape,
        shape,
        fc.boolean(),
        fc.array(messages, { minLength: 20 }),
        (before, after, isLike, samples) => {
          // Two that have nothing to do with one another are hardly ever compatible.
          const [older, newer] = [toSchema(before), toSchema(isLike ? { ...after, ...before } : after)];
          if (findings(newer, older).length > 0) return;
          compatible++;
          for (const sample of samples.filter((each) => older.safeParse(each).success)) {
            expect(newer.safeParse(sample).success).toBe(true);
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(compatible).toBeGreaterThan(0);
  });
});

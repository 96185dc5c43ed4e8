import { createColumnScanner, scanAll, scanCell } from '@sdp/shared/detection';
import { describe, expect, test } from 'vitest';

const token = `tok_${'0123456789abcdef'.repeat(2)}`;

describe('what tokenizing puts in place of values is no find', () => {
  test.each([`${token}@users.invalid`, `${token}@example.org`, 'someone@mail.INVALID', '9912345678901239'])(
    '%s',
    (value) => {
      expect(scanCell(value)).toBeUndefined();
      expect(scanAll(`see ${value}, please`)).toEqual([]);
    },
  );

  test.each([`${token}0@example.org`, 'someone@invalid.org', 'someone@notinvalid', `x${token}@example.org`])(
    'but %s is judged as ever',
    (value) => {
      expect(scanCell(value)?.kind).toBe(value.endsWith('notinvalid') ? undefined : 'email');
    },
  );

  test('cards under 99 pass under a name that announces cards', () => {
    const scanner = createColumnScanner(['card_number']);
    scanner.scan(0, 1, '9912345678901239');
    expect(scanner.findings()).toEqual([]);
    scanner.scan(0, 2, '4111111111111111');
    expect(scanner.findings()).toMatchObject([{ kind: 'payment-card', row: 2, count: 1 }]);
  });
});

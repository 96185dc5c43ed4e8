import { describe, expect, it } from 'vitest';
import { printable } from '../../src/processes/printable.ts';

describe('printable', () => {
  it.each([
    ['plain, “quoted”, äöü, 日本', 'plain, “quoted”, äöü, 日本'],
    ['\u001b[2J', '\\u{1b}[2J'],
    ['\u009b31m', '\\u{9b}31m'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\u2028\u200b', '\\u{2028}\\u{200b}'],
  ])('shows %j as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('cuts off what is too long, and says so', () => {
    expect(printable('x'.repeat(300))).toBe(`${'x'.repeat(199)}…`);
    expect(printable('x'.repeat(300), 10)).toHaveLength(10);
  });
});

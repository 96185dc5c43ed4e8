import { maskMethod } from '@sdp/shared/tokenization';
import { describe, expect, test } from 'vitest';

describe('the mask of a card number', () => {
  test.each([
    // 16 digits: the first eight and the last four at most.
    ['4111111111111111', 6, 4, '411111******1111'],
    ['4111111111111111', 8, 4, '41111111****1111'],
    ['4111111111111111', 12, 4, '41111111****1111'],
    ['4111111111111111', 0, 16, '************1111'],
    // 15 and fewer, 17 and more: the first six and the last four.
    ['378282246310005', 8, 4, '378282*****0005'],
    ['30569309025904', 6, 4, '305693****5904'],
    ['4222222222222', 6, 4, '422222***2222'],
    // Digits count, separators stay.
    ['4111 1111 1111 1111', 6, 4, '4111 11** **** 1111'],
    ['4111-1111-1111-1111', 0, 4, '****-****-****-1111'],
  ])('%s keeping %i and %i is %s', (value, keepFirst, keepLast, masked) => {
    expect(maskMethod({ keepFirst, keepLast })(value)).toBe(masked);
  });

  test('a number that is no card’s is covered whole where more than half of it would show', () => {
    expect(maskMethod({ keepFirst: 6, keepLast: 4 })('4111111111111112')).toBe('****************');
    expect(maskMethod({ keepFirst: 6, keepLast: 4 })('0000000000000000')).toBe('****************');
  });
});

test.each(['=', '+', '-', '@', '\t', '\r'])('a mask never begins with %j', (sign) => {
  expect(maskMethod({ keepFirst: 2 })(`${sign}1SUM(A1)`)).toBe('*1*******'.slice(0, 9));
});

import { nearestName } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';

describe('nearestName', () => {
  it.each([
    ['tokn', 'token'],
    ['dta-shift', 'date-shift'],
    ['EMIAL', 'email'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearestName(typed, ['token', 'email', 'date-shift'])).toBe(meant);
  });

  it('names nothing that is another word', () => {
    expect(nearestName('customer', ['token', 'email'])).toBeUndefined();
    expect(nearestName('x', [])).toBeUndefined();
  });
});

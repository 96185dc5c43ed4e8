import { createColumnScanner, scanAll, scanCell } from '@sdp/shared/detection';
import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often the detectors look at a character while they scan a text. */
function looks(run: () => void): number {
  const charCodeAt = vi.spyOn(String.prototype, 'charCodeAt');
  const slice = vi.spyOn(String.prototype, 'slice');
  run();
  const sliced = slice.mock.results.reduce((sum, { value }) => sum + String(value).length, 0);
  const count = charCodeAt.mock.calls.length + sliced;
  vi.restoreAllMocks();
  return count;
}

const hostile: readonly [string, string][] = [
  ['signs', '@'],
  ['addresses that never end', 'a@'],
  ['labels without an end', 'a@b.'],
  ['quotes', '"@'],
  ['digits', '4'],
  ['grouped digits', '4111 '],
  ['dotted digits', '4111.'],
  ['mixed separators', '41-'],
  ['card prefixes', '4111-1111-'],
  ['IBAN starts', 'DE89 '],
  ['IBANs that fail', 'DE89370400440532013001 '],
  ['brackets', '(1)'],
  ['phones', '+1 415 555 0132 '],
  ['announcements', 'tel '],
  ['UUID pieces', '41111111-1111-4111-'],
  ['fullwidth', '４１１１＠'],
  ['escapes', '%40&#64;'],
  ['combining marks', 'e\u0301@'],
];

describe('time grows with length and no faster', () => {
  test.each(hostile)('%s', (_name, piece) => {
    const text = (length: number) => piece.repeat(Math.ceil(length / piece.length));
    const [short, long] = [4_000, 16_000].map((length) =>
      looks(() => {
        scanCell(text(length));
        scanAll(text(length));
        createColumnScanner(['phone']).scan(0, 1, text(length));
      }),
    ) as [number, number];
    expect(long).toBeLessThan(short * 4.5 + 1_000);
  });
});

import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ProgressLine } from '../../src/terminal/progress-line.ts';

test.each([
  ['that says no size', undefined, 'reading  5'],
  ['without a size, as a pseudo-terminal may be', 0, 'reading  5'],
  ['of one column', 1, ''],
  ['that is too narrow', 6, 'readi'],
])('a terminal %s', (_name, columns, shown) => {
  const stream = Object.assign(new PassThrough(), columns === undefined ? {} : { columns });
  new ProgressLine({ stream, label: 'reading', now: () => 0 }).update(5);
  expect(stream.read().toString()).toBe(`\r\u001b[K${shown}`);
});

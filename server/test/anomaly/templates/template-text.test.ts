import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logWords } from '../../../src/anomaly/templates/log-words.ts';
import { maskLine } from '../../../src/anomaly/templates/mask-line.ts';
import { templateText } from '../../../src/anomaly/templates/template-text.ts';

const text = (line: string, more: readonly string[] = []) => templateText(maskLine(line).split(' '), new Set(more));

describe('what a finding shows of a line', () => {
  test.each([
    ['Connection to 10.1.2.3:99 refused after 30 ms.', 'Connection to <*> refused after <*>.'],
    ['NullPointerException in OrderService.shipOrder()', 'NullPointerException in OrderService.shipOrder ()'],
    ['Payment of Müller failed', 'Payment of <word> failed'],
    ['payment by schmidt-hansen failed', 'payment by <word> failed'],
    ['Order of Field was accepted', 'Order of <word> was accepted'],
    ['password=connection secret: hunter', 'password=<*> secret: <word>'.replace('secret', '<word>')],
    ['session opened for user root', 'session opened for user <*>'],
    ['***** → ok', '*** <word> ok'],
  ])('%s', (line, shown) => {
    expect(text(line)).toBe(shown);
  });

  test('words of a configuration are shown too', () => {
    expect(text('warehouse of Acme is full')).toBe('warehouse of <word> is full');
    expect(text('warehouse of Acme is full', ['acme'])).toBe('warehouse of Acme is full');
  });

  test('no letters are ever shown but those of known words', () => {
    const anything = fc.string({ unit: 'grapheme', maxLength: 200 });
    const wordy = fc
      .array(fc.oneof(fc.constantFrom('failed', 'Müller', 'for', '=', 'user', 'x-y', 'A.b', 'müllerFailed'), anything))
      .map((parts) => parts.join(' '));
    fc.assert(
      fc.property(fc.oneof(anything, wordy), (line) => {
        const shown = text(line).replaceAll('<word>', '').replaceAll('<*>', '');
        if (shown.endsWith('…')) return;
        for (const [run] of shown.matchAll(/[\p{L}\p{N}]+/gu)) {
          const parts = run.split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
          for (const part of parts) expect(logWords.has(part.toLowerCase())).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('given names are no words of programs', () => {
    for (const name of ['mark', 'bill', 'frank', 'anna', 'peter', 'maria', 'will', 'grace', 'rose']) {
      expect(logWords.has(name)).toBe(false);
    }
    for (const word of ['failed', 'retries', 'stopped', 'timeouts', 'denied', 'queued'])
      expect(logWords.has(word)).toBe(true);
  });
});

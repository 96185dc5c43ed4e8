import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskLine } from '../../../src/anomaly/templates/mask-line.ts';

describe('what varies in a line', () => {
  test.each([
    ['took 17 ms', 'took <*>'],
    ['lifetime <1 sec', 'lifetime <*>'],
    ['lifetime 00:02', 'lifetime <*>'],
    ['user tok_0123456789abcdef0123456789abcdef paid', 'user <*> paid'],
    ['from 10.2.3.4:8080 to fe80::1', 'from <*> to <*>'],
    ['id=6f1c0a52-1111-4222-8333-944455556666;', 'id = <*> ;'],
    ['open /var/log/app.log failed', 'open <*> failed'],
    ['open C:\\temp\\x failed', 'open <*> failed'],
    ['GET https://example.org/a', 'GET <*>'],
    ['mail to ann@example.org bounced', 'mail to <*> bounced'],
    ['host db.example.org is down', 'host <*> is down'],
    ['at Sun Jul 17 06:13:37 2005', 'at <*>'],
    ['sizes 1, 2, 3 and 4', 'sizes <*> and <*>'],
    ['key= other=word', 'key = <*> other = word'],
    ['Invalid user  from 10.0.0.1', 'Invalid user <*> from <*>'],
    ['opened for user root by', 'opened for user <*> by'],
    ['() and (x)', '( <*> ) and ( x )'],
    ['init() done...', 'init ( ) done ...'],
    ['action:start', 'action : start'],
    ['mode:7', 'mode : <*>'],
    ['tag="two words", ws=Source{10 {x}}, ids=[a, b] end', 'tag = <*> , ws = <*> , ids = <*> end'],
    ['open="never closed', 'open = " never closed'],
    ['check enabled.......1', 'check enabled <*>'],
    ['LOCAL(0) is up', '<*> is up'],
    ['failed\n  at line 7', 'failed'],
    ['', ''],
  ])('%s', (line, masked) => {
    expect(maskLine(line)).toBe(masked);
  });

  test.each([
    ['many tokens', 'a:'.repeat(4_000)],
    ['many values', 'k=[ '.repeat(2_000)],
    ['a long word', 'x'.repeat(8_192)],
    ['many words', 'word '.repeat(1_600)],
    ['nothing but blanks', ' '.repeat(8_192)],
  ])('%s of a long line make a short template', (_, text) => {
    const masked = maskLine(text);
    expect(masked.length).toBeLessThan(1_100);
    expect(masked.split(' ').length).toBeLessThanOrEqual(121);
  });

  test('no digit is left of any line, and the length is bounded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (line) => {
        const masked = maskLine(line);
        expect(masked).not.toMatch(/[0-9@\\]/);
        expect(masked.split(' ').length).toBeLessThanOrEqual(121);
        expect(maskLine(`${line}\nmore`)).toBe(masked);
      }),
    );
  });
});

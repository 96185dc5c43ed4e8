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
    ['"GET /a/list?all=True&since=now HTTP/1.1" 200', '" GET <*> " <*>'],
    ['see /a?b=c, or ask', 'see <*> , or ask'],
    ['is a=b? c=d', 'is a = b ? c = d'],
    ['sent 1293 bytes (1.26 KB), done', 'sent <*> , done'],
    ['1024 bytes (1.0 kB, 1.0 KiB) copied', '<*> copied'],
    ['took 3 s (see below)', 'took <*> ( see below )'],
    ['read conf/app.yml or try read/write', 'read <*> or try read/write'],
    ['failed\n  at line 7', 'failed'],
    ['\n\n======\nfailed\n  at line 7', 'failed'],
    ['====== begin ======', '=== begin ==='],
    ['\u001b[31mERROR\u001b[0m failed \u001b[1;32mtwice\u001b[0m', 'ERROR failed twice'],
    ['{"level":"info","msg":"order 7 of \\"x\\" shipped","n":1}', 'order <*> of " x " shipped'],
    ['{\n  "event": "started"\n}', 'started'],
    [
      '{"a":"two words","b":[1,"x"],"c":null,"d":{"e":true}} x',
      '{ " a " : <*> , " b " : <*> , " c " : <*> , " d " : { " e " : <*> } } x',
    ],
    ["{'user': 'ann \\' lee', 'n': 3}", "{ ' user ' : <*> , ' n ' : <*> }"],
    ['level=info msg="cache is warm" user="ann lee"', 'level = info msg = " cache is warm " user = <*>'],
    ['用户123登录失败。', '用 户 <*> 登 录 失 败 。'],
    ['注文１２ 完了', '注 文 <*> 完 了'],
    ['🚀 deployed “main” – ok', '🚀 deployed “ main ” – ok'],
    ['took 10\u00a0ms', 'took <*> ms'],
    ['рахунок №17 закрито', 'рахунок <*> закрито'],
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
    const anything = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.json());
    fc.assert(
      fc.property(anything, (line) => {
        const masked = maskLine(line);
        expect(masked).not.toMatch(/[\p{Nd}@\\]/u);
        expect(masked.split(' ').length).toBeLessThanOrEqual(121);
        expect(maskLine(`a${line}\nmore`)).toBe(maskLine(`a${line}`));
      }),
    );
  });
});

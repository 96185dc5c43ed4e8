import { createHmac } from 'node:crypto';
import {
  restoreText,
  type Token,
  textMethod,
  tokenFromDigest,
  tokenKind,
  tokensInText,
} from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** A vault in a map. */
function vault() {
  const values = new Map<Token, string>();
  const tokenFor = (_kind: string, value: string): Token => {
    const token = tokenFromDigest(createHmac('sha256', 'key').update(value).digest('hex'));
    values.set(token, value);
    return token;
  };
  return { tokenFor, reveal: (token: Token) => values.get(token) };
}

/** Finds runs of capitals. */
const capitals = (text: string) =>
  Array.from(text.matchAll(/[A-Z]+/g), ({ index, 0: run }) => ({
    kind: 'capitals',
    start: index,
    end: index + run.length,
  }));

const shaped = fc.constantFrom(
  `tok_${'0'.repeat(32)}`,
  `tok_${'a1'.repeat(16)}`,
  `tok_${'f'.repeat(31)}`,
  'tok_',
  `tok_${'9'.repeat(40)}`,
);
const text = fc
  .array(
    fc.oneof(
      shaped,
      fc.constantFrom('ANNA', 'X', 'deadbeef', '0', 'tok', '_', ' ', '\n', '😀', '\ud800', 'TOK_'),
      fc.string(),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('text', () => {
  test('comes back byte for byte, whatever it holds, even once more over', () => {
    fc.assert(
      fc.property(text, (value) => {
        const { tokenFor, reveal } = vault();
        const apply = textMethod({ find: capitals, tokenFor });
        const once = apply(value);
        const twice = apply(once);
        expect(restoreText(twice, reveal)).toBe(once);
        expect(restoreText(once, reveal)).toBe(value);
        expect(once).not.toMatch(/[A-Z]/);
        expect(apply(value)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });

  test('a token of the vault that stands in a text is not taken for one that was put in', () => {
    const { tokenFor, reveal } = vault();
    const known = tokenFor('name', 'ANNA');
    const apply = textMethod({ find: () => [], tokenFor });
    const out = apply(`see ${known}.`);
    expect(out).not.toContain(known);
    expect(restoreText(out, reveal)).toBe(`see ${known}.`);
  });

  test('each identifier has its own token, in its place; the rest stays', () => {
    const kinds: string[] = [];
    const { tokenFor } = vault();
    const apply = textMethod({
      find: capitals,
      tokenFor: (kind, value) => {
        kinds.push(kind);
        return tokenFor(kind, value);
      },
    });
    const out = apply(`ANNA met BOB, and ANNA left tok_${'0'.repeat(32)}`);
    const tokens = tokensInText(out);
    expect(tokens).toHaveLength(4);
    expect(tokens[0]).toBe(tokens[2]);
    expect(out.replaceAll(/tok_[0-9a-f]{32}/g, '#')).toBe('# met #, and # left #');
    expect(kinds).toEqual(['capitals', 'capitals', 'capitals', tokenKind]);
  });

  test('an unknown token stays when the others go', () => {
    const { tokenFor, reveal } = vault();
    const [a, b] = [tokenFor('k', 'A'), tokenFromDigest('0'.repeat(32))];
    expect(restoreText(`${a} ${b}`, reveal)).toBe(`A ${b}`);
    expect(restoreText(`${a}${a}`, () => '$&')).toBe('$&$&');
  });

  test('an empty text stays empty', () => {
    expect(textMethod({ find: capitals, tokenFor: vault().tokenFor })('')).toBe('');
  });
});

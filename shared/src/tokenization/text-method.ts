import { type Token, tokenDigits, tokenPrefix } from './token.ts';

/** A piece of a text, `text.slice(start, end)`, that identifies somebody. `LocatedFinding` of the detection part is one. */
export interface IdentifierSpan {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

export interface TextOptions {
  /** Spans of a text, sorted and without overlaps. */
  readonly find: (text: string) => readonly IdentifierSpan[];
  /** The token of one identifier. `kind` is the finder's, or {@link tokenKind} for a text that looks like a token already. */
  readonly tokenFor: (kind: string, value: string) => Token;
}

/** The kind under which a token-shaped piece of the input gets a token of its own. */
export const tokenKind = 'token';

const tokenShape = () => new RegExp(`${tokenPrefix}[0-9a-f]{${tokenDigits}}`, 'g');

/**
 * Replaces each identifier in a text by its own token, in place; the rest stays as it is.
 *
 * {@link restoreText} gives the text back byte for byte. A piece that has the shape of a token before is therefore an
 * identifier too, and goes before any other that overlaps it: afterwards every token-shaped piece is one that was put
 * in. None can come about by chance where a token meets the text around it, since `tok_` holds no hex digit: a match
 * that began before an inserted token would have to run over its first letter, and one inside it has no `tok_` to
 * begin with.
 */
export function textMethod({ find, tokenFor }: TextOptions): (text: string) => string {
  return (text) => {
    if (text === '') return '';
    const spans = withTokenShapes(text, find(text));
    if (spans.length === 0) return text;
    let out = '';
    let end = 0;
    for (const span of spans) {
      out += text.slice(end, span.start) + tokenFor(span.kind, text.slice(span.start, span.end));
      end = span.end;
    }
    return out + text.slice(end);
  };
}

/**
 * Puts the values back in the place of their tokens, in one pass: what a token reveals is not looked through again.
 *
 * @param reveal gives `undefined` for a token that it doesn't know, which then stays
 */
export function restoreText(text: string, reveal: (token: Token) => string | undefined): string {
  return text.replace(tokenShape(), (token) => reveal(token as Token) ?? token);
}

/** The tokens that stand in a text, in order. */
export function tokensInText(text: string): Token[] {
  return (text.match(tokenShape()) ?? []) as Token[];
}

function withTokenShapes(text: string, spans: readonly IdentifierSpan[]): readonly IdentifierSpan[] {
  if (!text.includes(tokenPrefix)) return spans;
  const shapes = Array.from(text.matchAll(tokenShape()), ({ index, 0: token }) => ({
    kind: tokenKind,
    start: index,
    end: index + token.length,
  }));
  const free = spans.filter((span) => !shapes.some((shape) => span.start < shape.end && shape.start < span.end));
  return [...free, ...shapes].sort((a, b) => a.start - b.start);
}

import { findIdentifiers, scanAll } from '@sdp/shared/detection';
import { type IdentifierSpan, type Token, textMethod, tokenPrefix } from '@sdp/shared/tokenization';
import { isClean, noteClean } from './clean-texts.ts';

/**
 * Replaces what identifies somebody in a text by tokens, in place: all identifiers that are known (e-mail, phone, card,
 * account and national numbers, network addresses …).
 */
export function identifierText(tokenOf: (value: string) => Token, region?: string): (text: string) => string {
  const options = region === undefined ? {} : { region };
  const find = (text: string) => {
    const refusable = scanAll(text);
    if (refusable.length === 0) noteClean(text);
    return covering([...findIdentifiers(text, options), ...refusable]);
  };
  return textMethod({ find, tokenFor: (_kind, value) => tokenOf(value) });
}

/**
 * The same for names of hosts, services and tags, which are to stay readable: only what the server would refuse, so that the
 * address of a machine stays the address of a machine.
 */
export function refusableText(tokenOf: (value: string) => Token): (text: string) => string {
  const replace = textMethod({ find: (text) => covering(scanAll(text)), tokenFor: (_kind, value) => tokenOf(value) });
  return (text) => (isClean(text) && !text.includes(tokenPrefix) ? text : replace(text));
}

/** Spans that overlap as one: where two detectors see the same digits differently, all of them go. */
function covering(spans: readonly IdentifierSpan[]): readonly IdentifierSpan[] {
  if (spans.length < 2) return spans;
  const merged: { kind: string; start: number; end: number }[] = [];
  for (const { kind, start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || start >= last.end) merged.push({ kind, start, end });
    else last.end = Math.max(last.end, end);
  }
  return merged;
}

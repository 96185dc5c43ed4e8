import { isAlphanumericAt } from './digit-groups.ts';
import type { LocatedFinding } from './finding.ts';

const maximumLocal = 64;
const maximumDomain = 253;
const localPunctuation = "!#$%&'*+/=?^_`{|}~-.";
const wordOfAnyScript = /[\p{L}\p{M}\p{N}]/u;
const topLevel = /^(?:\p{L}[\p{L}\p{M}]+|xn--[a-z0-9-]{2,59})$/iu;
const addressLiteral =
  /^\[(?:IPv6:[0-9a-f:.]{2,45}|(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})\]/i;

function isWordAt(text: string, index: number): boolean {
  if (isAlphanumericAt(text, index)) return true;
  const code = text.charCodeAt(index);
  if (!(code > 127)) return false;
  return (code >= 0xd800 && code <= 0xdfff) || wordOfAnyScript.test(text[index] ?? '');
}

/**
 * E-mail addresses anywhere in a text: a local part of RFC 5321 (dots taken leniently, other scripts as in RFC 6531,
 * quoted strings), and a domain with at least two labels of which the last is letters, or an address literal. Whether
 * the domain exists is not asked. Looks outwards from every `@` and never past the next one, so it is linear.
 */
export function findEmails(text: string): LocatedFinding[] {
  const found: LocatedFinding[] = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at, found.at(-1)?.end ?? 0);
    if (start === undefined) continue;
    const end = domainEnd(text, at + 1);
    if (end === undefined || isSurrogate(text, start, at, end)) continue;
    found.push({ kind: 'email', proven: false, start, end });
  }
  return found;
}

const tokenLocal = /^tok_[0-9a-f]{32}$/;

/** Addresses that tokenizing makes: under `.invalid`, which RFC 2606 keeps free for ever, or with a token before the `@`. */
function isSurrogate(text: string, start: number, at: number, end: number): boolean {
  if (at - start === 36 && tokenLocal.test(text.slice(start, at))) return true;
  return end - at > 8 && text.slice(end - 8, end).toLowerCase() === '.invalid';
}

/** @param from end of the address before, whose domain is no local part of this one */
function localStart(text: string, at: number, from: number): number | undefined {
  if (text[at - 1] === '"') {
    const opening = text.lastIndexOf('"', at - 2);
    return opening >= from && at - opening <= maximumLocal && at - opening > 2 ? opening : undefined;
  }
  let start = at;
  let words = 0;
  while (start > from && at - start < maximumLocal) {
    if (isWordAt(text, start - 1)) words += 1;
    else if (!localPunctuation.includes(text[start - 1] ?? ' ')) break;
    start -= 1;
  }
  // Punctuation in front belongs to the sentence: `(see =joe@example.com)`.
  while (start < at && !isWordAt(text, start)) start += 1;
  return words > 0 ? start : undefined;
}

function domainEnd(text: string, start: number): number | undefined {
  if (text[start] === '[') {
    const literal = addressLiteral.exec(text.slice(start, start + 60));
    return literal === null ? undefined : start + literal[0].length;
  }
  let end: number | undefined;
  let labels = 0;
  let labelStart = start;
  for (let i = start; i - start <= maximumDomain; i += 1) {
    if (isWordAt(text, i) || text[i] === '-') continue;
    if (i === labelStart) break;
    labels += 1;
    if (labels >= 2 && topLevel.test(text.slice(labelStart, i))) end = i;
    if (text[i] !== '.') break;
    labelStart = i + 1;
  }
  return end;
}

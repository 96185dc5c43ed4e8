import { isAlphanumericAt } from '../digit-groups.ts';
import type { Definition } from './definition.ts';
import type { ShapeSearch } from './search-request.ts';
import { firmCandidate } from './shape-candidate.ts';

/** Addresses on the web; most identify nobody, so that only those with personal parts are found unasked. */
export const urls: readonly Definition[] = [
  {
    kind: 'personal-url',
    label: 'URL with credentials or personal parameters',
    countries: [],
    source: 'RFC 3986: user information; query parameters that are named after personal data or secrets',
    words: [],
    chance: 0,
  },
  {
    kind: 'url',
    label: 'URL or domain name',
    countries: [],
    source: 'RFC 3986, RFC 1123',
    words: ['url', 'website', 'web site', 'homepage', 'link', 'webseite', 'site web', 'sitio web', 'sito'],
    chance: 0,
    onRequest: true,
  },
];

const absolute = /[a-z][a-z0-9+.-]{1,15}:\/\/[^\s<>"'`{}|\\^]{3,2000}/gi;
const bareDomain =
  /(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|org|net|edu|gov|int|mil|info|biz|name|io|dev|app|site|shop|online|cloud|ai|eu|[a-z]{2})(?:\/[^\s<>"'`{}|\\^]*)?/gi;
const credentials = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@:]+:[^/?#\s@]+@/i;
const personalParameter =
  /[?&;#](?:e-?mail|mail|phone|tel|mobile|ssn|sin|iban|card|pan|user(?:name|id)?|uid|login|(?:first|last|sur|full)?name|dob|birth\w*|address|addr|zip|lat|lon|lng|token|access_token|id_token|api_?key|apikey|auth|password|passwd|pwd|secret|session(?:id)?|sid|jwt|key|signature|sig)=[^&\s]+/i;

/** Punctuation and closing brackets after a URL belong to the sentence. */
function trimEnd(url: string): string {
  let trimmed = url.replace(/[.,;:!?]+$/, '');
  for (const [open, close] of ['()', '[]'] as const) {
    while (trimmed.endsWith(close ?? '') && !trimmed.includes(open ?? ''))
      trimmed = trimmed.slice(0, -1).replace(/[.,;:!?]+$/, '');
  }
  return trimmed;
}

export const searchUrls: ShapeSearch = (sought, request) => {
  const personal = sought.find(({ kind }) => kind === 'personal-url');
  const any = sought.find(({ kind }) => kind === 'url');
  if (personal === undefined && any === undefined) return undefined;
  return ({ text }, candidates) => {
    if (text.includes('://')) {
      for (const { index, 0: found } of text.matchAll(absolute)) {
        const url = trimEnd(found);
        const isPersonal = credentials.test(url) || personalParameter.test(url);
        const definition = isPersonal ? (personal ?? any) : any;
        const host = /:\/\/(?:[^/?#@]*@)?([^/?#:]+)/.exec(url)?.[1] ?? '';
        if (definition === undefined || (!isPersonal && !host.includes('.'))) continue;
        candidates.push(firmCandidate(definition, request, { start: index, end: index + url.length, proven: false }));
      }
    }
    if (any === undefined || !text.includes('.')) return;
    for (const { index, 0: found } of text.matchAll(bareDomain)) {
      const before = text[index - 1] ?? ' ';
      const domain = trimEnd(found);
      if (
        isAlphanumericAt(text, index - 1) ||
        '@./-_'.includes(before) ||
        isAlphanumericAt(text, index + domain.length)
      )
        continue;
      if (text[index + domain.length] === '@' || text[index + domain.length] === '-') continue;
      candidates.push(firmCandidate(any, request, { start: index, end: index + domain.length, proven: false }));
    }
  };
};

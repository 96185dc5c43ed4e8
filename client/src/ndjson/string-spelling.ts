/**
 * Ways in which writers spell the same string: with the escapes that RFC 8259 demands and no others, as Python's `json`
 * (all but printable ASCII escaped), as PHP's `json_encode` (that and `/`), as Go's `encoding/json` (`<`, `>`, `&` and
 * the two line separators), and as .NET (all but printable ASCII, in capital digits, and what HTML minds).
 */
export const spellings = ['shortest', 'ascii', 'ascii-slash', 'html', 'ascii-html'] as const;
export type Spelling = (typeof spellings)[number];

const unicodeEscapes = (text: string) => {
  const units: string[] = [];
  for (let at = 0; at < text.length; at++) units.push(`\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`);
  return units.join('');
};

const upper = (text: string) => `\\u${text.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

/** A string as a JSON text, spelled in one of the ways. */
export function spell(text: string, spelling: Spelling): string {
  const shortest = JSON.stringify(text);
  switch (spelling) {
    case 'ascii':
      return shortest.replace(/[^ -~]/g, unicodeEscapes);
    case 'ascii-slash':
      return shortest.replace(/[^ -\x7f]/g, unicodeEscapes).replaceAll('/', '\\/');
    case 'html':
      return shortest.replace(/[<>&\u2028\u2029]/g, unicodeEscapes);
    case 'ascii-html':
      return `"${text.replace(/[^ -~]|["&'+<>`\\]/g, dotNetEscape)}"`;
    default:
      return shortest;
  }
}

function dotNetEscape(unit: string): string {
  const short: Record<string, string> = {
    '\b': '\\b',
    '\t': '\\t',
    '\n': '\\n',
    '\f': '\\f',
    '\r': '\\r',
    '\\': '\\\\',
  };
  return short[unit] ?? upper(unit);
}

/** Printable ASCII that every way spells as it is. */
const plain = /^[ !#-%(-*,-.0-;=?-[\]-_a-~]*$/;

/** Watches which way a file's strings are spelled in. */
export class SpellingWatch {
  readonly #fits: number[];
  #told: number;

  constructor({ told, fits }: SpellingCounts = { told: 0, fits: spellings.map(() => 0) }) {
    this.#told = told;
    this.#fits = [...fits];
  }

  /** @param written the string's JSON text in the file */
  add(text: string, written: string): void {
    if (plain.test(text) && written.length === text.length + 2) return;
    this.#told += 1;
    for (const [index, spelling] of spellings.entries()) {
      if (spell(text, spelling) === written) this.#fits[index] = (this.#fits[index] as number) + 1;
    }
  }

  /** The way that fits most of the strings, and how many it does not fit. */
  result(): { readonly spelling: Spelling; readonly others: number } {
    const best = this.#fits.indexOf(Math.max(...this.#fits));
    return { spelling: spellings[best] ?? 'shortest', others: this.#told - (this.#fits[best] ?? 0) };
  }

  counts(): SpellingCounts {
    return { told: this.#told, fits: [...this.#fits] };
  }
}

export interface SpellingCounts {
  /** Strings that not every way spells alike. */
  readonly told: number;
  /** How many of them each way fits. */
  readonly fits: readonly number[];
}

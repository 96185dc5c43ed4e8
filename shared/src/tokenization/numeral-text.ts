import type { Alphabet } from './alphabet.ts';

/** The numerals of many texts, one text's after the other's. */
export interface NumeralTexts {
  readonly numerals: Uint16Array;
  /** Where each text's numerals begin; one element more than there are texts. */
  readonly starts: Int32Array;
}

/** Takes texts apart into the numerals of an alphabet and everything else, and puts them together again. */
export interface NumeralText {
  parse(texts: readonly string[]): NumeralTexts;
  /** The texts with other numerals in the places of their own; case stays in its place where the alphabet keeps it. */
  format(texts: readonly string[], replaced: NumeralTexts): string[];
}

const asciiEnd = 128;
const none = -1;
/** A group of results is decoded at once and each cut out of it, which keeps the group's text in memory as long as one. */
const decodedTogether = 64;

export function numeralText(alphabet: Alphabet): NumeralText {
  const codes = alphabet.symbols.map((symbol) => symbol.codePointAt(0) as number);
  const ascii = new Int32Array(asciiEnd).fill(none);
  const wide = new Map<number, number>();
  for (const [numeral, code] of codes.entries()) {
    if (code >= asciiEnd) wide.set(code, numeral);
    else ascii[code] = numeral;
    if (alphabet.keepsCase) ascii[code - 32] = numeral;
  }
  const numeralOf = (code: number) => (code < asciiEnd ? (ascii[code] as number) : (wide.get(code) ?? none));
  const isAscii = wide.size === 0;

  return {
    parse: (texts) => {
      const starts = new Int32Array(texts.length + 1);
      // A numeral takes at least one UTF-16 unit.
      const numerals = new Uint16Array(texts.reduce((sum, text) => sum + text.length, 0));
      let next = 0;
      for (let i = 0; i < texts.length; i += 1) {
        const text = texts[i] as string;
        starts[i] = next;
        for (let at = 0; at < text.length; at += 1) {
          let code = text.charCodeAt(at);
          if (code >= asciiEnd) {
            if (isAscii) continue;
            code = text.codePointAt(at) as number;
            if (code > 0xffff) at += 1;
          }
          const numeral = numeralOf(code);
          if (numeral !== none) numerals[next++] = numeral;
        }
      }
      starts[texts.length] = next;
      return { numerals: numerals.subarray(0, next), starts };
    },
    format: (texts, { numerals, starts }) => {
      const out: string[] = new Array(texts.length);
      const decoder = new TextDecoder();
      for (let from = 0; from < texts.length; from += decodedTogether) {
        const end = Math.min(from + decodedTogether, texts.length);
        let units = 0;
        for (let i = from; i < end; i += 1) units += (texts[i] as string).length;
        const bytes = new Uint8Array(units);
        const ends: number[] = [];
        let size = 0;
        let onlyAscii = isAscii;
        for (let i = from; i < end && onlyAscii; i += 1) {
          const text = texts[i] as string;
          let next = starts[i] as number;
          for (let at = 0; at < text.length; at += 1) {
            const code = text.charCodeAt(at);
            if (code >= asciiEnd) {
              onlyAscii = false;
              break;
            }
            bytes[size++] =
              (ascii[code] as number) === none ? code : caseOf(code, codes[numerals[next++] as number] as number);
          }
          ends.push(size);
        }
        if (onlyAscii) {
          const decoded = decoder.decode(bytes);
          for (let i = from; i < end; i += 1) out[i] = decoded.slice(ends[i - from - 1] ?? 0, ends[i - from]);
        } else {
          for (let i = from; i < end; i += 1) out[i] = formatOne(texts[i] as string, numerals, starts[i] as number);
        }
      }
      return out;
    },
  };

  function caseOf(place: number, code: number): number {
    return alphabet.keepsCase && place < 97 ? code - 32 : code;
  }

  function formatOne(text: string, numerals: Uint16Array, start: number): string {
    let next = start;
    let out = '';
    for (const sign of text) {
      const code = sign.codePointAt(0) as number;
      out +=
        numeralOf(code) === none
          ? sign
          : String.fromCodePoint(caseOf(code, codes[numerals[next++] as number] as number));
    }
    return out;
  }
}

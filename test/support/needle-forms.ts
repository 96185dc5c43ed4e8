/** One way in which a value can hide in a byte stream. */
export interface NeedleForm {
  readonly form: string;
  readonly bytes: Buffer;
}

/** Base64 of a value inside a longer text depends on its offset modulo 3; the outer characters depend on the neighbours. */
function base64Cores(value: Buffer, encoding: 'base64' | 'base64url'): Buffer[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), value])
      .toString(encoding)
      .replace(/=+$/, '');
    const skip = shift === 0 ? 0 : shift + 1;
    const spill = (shift + value.length) % 3;
    return Buffer.from(text.slice(skip, spill === 0 ? undefined : -1));
  });
}

function jsonEscaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function asciiEscaped(value: string): string {
  return jsonEscaped(value).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function bytesAs(name: string, bytes: Buffer): [string, Buffer | string][] {
  return [
    [`${name}hex`, bytes.toString('hex')],
    [`${name}hex-upper`, bytes.toString('hex').toUpperCase()],
    ...base64Cores(bytes, 'base64').map((core, shift): [string, Buffer] => [`${name}base64+${shift}`, core]),
    ...base64Cores(bytes, 'base64url').map((core, shift): [string, Buffer] => [`${name}base64url+${shift}`, core]),
  ];
}

/**
 * Of a text: plain, JSON (both escapings), CSV, base64 and base64url at each alignment, hex, percent, form, UTF-16 in both
 * byte orders. Of bytes (a raw key): plain, hex, base64 and base64url at each alignment.
 */
export function formsOf(value: string | Buffer): NeedleForm[] {
  if (typeof value !== 'string') return unique([['plain', value], ...bytesAs('', value)]);
  const utf16 = Buffer.from(value, 'utf16le');
  const percent = encodeURIComponent(value);
  return unique([
    ['plain', Buffer.from(value)],
    ['latin1', Buffer.from(value, 'latin1')],
    ['json', jsonEscaped(value)],
    ['json-ascii', asciiEscaped(value)],
    ['csv', value.replaceAll('"', '""')],
    ['percent', percent],
    ['percent-lower', percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['form', new URLSearchParams({ v: value }).toString().slice(2)],
    ['utf16le', utf16],
    ['utf16be', Buffer.from(utf16).swap16()],
    ...bytesAs('', Buffer.from(value)),
    ...bytesAs('utf16-', utf16),
  ]);
}

function unique(forms: readonly [string, Buffer | string][]): NeedleForm[] {
  const seen = new Set<string>();
  return forms.flatMap(([form, raw]) => {
    const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw;
    const key = bytes.toString('latin1');
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ form, bytes }];
  });
}

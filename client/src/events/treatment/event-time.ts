const withZone = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:[Zz]|[+-]\d\d:?\d\d)$/;
/** As events have it already. */
const settled = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const withoutZone = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?$/;
const epoch = /^\d{9,19}(?:\.\d{1,9})?$/;

export type EventTime = { readonly at: string } | { readonly reason: string };

/**
 * The time of an event as events have it: ISO 8601, UTC, milliseconds. Takes ISO 8601 with an offset from UTC, and seconds,
 * milli-, micro- or nanoseconds since 1970, told apart by their size.
 *
 * @param assumeUtc takes times without an offset for UTC
 */
export function eventTime(value: unknown, assumeUtc: boolean): EventTime {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return { reason: 'is no time' };
  if (settled.test(text) && Date.parse(text) >= 0) return { at: text };
  if (epoch.test(text)) return fromMs(epochMs(text));
  const iso = text.trim();
  if (withoutZone.test(iso)) {
    return assumeUtc ? fromIso(`${iso}Z`) : { reason: 'has no offset from UTC; --utc takes it for UTC' };
  }
  return withZone.test(iso) ? fromIso(iso) : { reason: 'is no time in ISO 8601' };
}

function fromIso(iso: string): EventTime {
  // Only milliseconds are kept, and with more digits not every form is read.
  const plain = iso
    .replace(' ', 'T')
    .replace(',', '.')
    .replace(/(\.\d{3})\d+/, '$1')
    .replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  return fromMs(Date.parse(plain.toUpperCase()));
}

function fromMs(ms: number): EventTime {
  // Years of four digits: what is beyond them stands in another form.
  return ms >= 0 && ms < 253_402_300_800_000 ? { at: new Date(ms).toISOString() } : { reason: 'is no possible time' };
}

function epochMs(text: string): number {
  const whole = text.split('.')[0] ?? '';
  if (whole.length <= 11) return Math.floor(Number(text) * 1_000);
  if (whole.length <= 14) return Math.floor(Number(text));
  return Number(BigInt(whole) / (whole.length <= 17 ? 1_000n : 1_000_000n));
}

import { findIdentifiers, scanCell } from '@sdp/shared/detection';
import type { Notice, NoticeAlert } from './notice.ts';

/** Identifiers of machines, not of people, as far as alerts go: a host is named by its address. */
const ofMachines = new Set(['ip-address', 'mac-address', 'url']);

/** SDP's own ids. One in some ten thousand has a part that passes for an account's number. */
const ids = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/**
 * What a text would give away, or undefined. The last look at what goes out: whatever raised an alert should have left it out, and this
 * doesn't rely on that. Names and addresses have no form and are not found.
 */
export function betrays(given: string): string | undefined {
  const text = given.replace(ids, 'id');
  const found = scanCell(text);
  if (found) return found.kind;
  return findIdentifiers(text).find(({ kind }) => !ofMachines.has(kind))?.kind;
}

/** The text, or in its place what kind of data it seems to hold. */
export function guardText(text: string): string {
  const kind = betrays(text);
  return kind === undefined ? text : withheld(kind);
}

export function withheld(kind: string): string {
  return `[withheld: may contain personal data (${kind})]`;
}

/** Goes over every text and number of a message that isn't SDP's own: ids, times and links. */
export function guardNotice(notice: Notice): Notice {
  return {
    ...notice,
    title: guardText(notice.title),
    types: guardKeys(notice.types),
    alerts: notice.alerts.map(guardAlert),
  };
}

function guardAlert(alert: NoticeAlert): NoticeAlert {
  return {
    ...alert,
    type: guardText(alert.type),
    title: guardText(alert.title),
    message: guardText(alert.message),
    tags: Object.fromEntries(Object.entries(guardKeys(alert.tags)).map(([name, value]) => [name, guardText(value)])),
    numbers: Object.fromEntries(
      Object.entries(guardKeys(alert.numbers)).map(([name, value]) => [name, guardNumber(value)]),
    ),
  };
}

/** A card's number is a number too. */
function guardNumber(value: number | string): number | string {
  if (typeof value === 'string') return guardText(value);
  const found = scanCell(Number.isInteger(value) ? value.toFixed(0) : String(value));
  return found === undefined ? value : withheld(found.kind);
}

function guardKeys<T>(values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [guardText(name), value]));
}

import { scanCell } from '@sdp/shared/detection';

const longest = 64;
const generation = 8_192;
const longTexts = 128;

/**
 * Texts in which detection finds nothing. Short ones are kept long: names of hosts, services, tags and attributes come with
 * every event. Bounded: two generations of so many texts. Long ones only until their event is looked at for the last time.
 */
let young = new Set<string>();
let old = new Set<string>();
const long = new Set<string>();

/** Whether detection finds nothing in a text. */
export function isClean(text: string): boolean {
  if (text.length > longest) return long.has(text) || scanCell(text) === undefined;
  if (young.has(text)) return true;
  if (!old.has(text) && scanCell(text) !== undefined) return false;
  remember(text);
  return true;
}

/** Says that a text has just been searched for all that detection knows, and nothing was found. */
export function noteClean(text: string): void {
  if (text.length <= longest) {
    if (!young.has(text)) remember(text);
    return;
  }
  if (long.size >= longTexts) long.clear();
  long.add(text);
}

function remember(text: string): void {
  if (young.size >= generation) {
    old = young;
    young = new Set();
  }
  young.add(text);
}

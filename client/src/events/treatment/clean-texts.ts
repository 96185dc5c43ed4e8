import { scanCell } from '@sdp/shared/detection';

const longest = 64;
const generation = 8_192;

/**
 * Whether detection finds nothing in a text, remembered for short ones: names of hosts, services, tags and attributes come
 * with every event. Bounded: two generations of so many texts.
 */
let young = new Set<string>();
let old = new Set<string>();

export function isClean(text: string): boolean {
  if (text.length > longest) return scanCell(text) === undefined;
  if (young.has(text)) return true;
  if (!old.has(text) && scanCell(text) !== undefined) return false;
  if (young.size >= generation) {
    old = young;
    young = new Set();
  }
  young.add(text);
  return true;
}

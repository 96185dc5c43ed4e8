import type { DigitChunk } from './digit-groups.ts';
import type { LocatedFinding } from './finding.ts';

/** Printed on specimen cards and since used by thousands; the Social Security Administration voided them. */
const voided = new Set(['078051120', '219099999']);

/** Whether nine digits may be a US social security number: area not 000, 666 or 9xx, group not 00, serial not 0000. */
export function isAssignableSsn(digits: string): boolean {
  const area = digits.slice(0, 3);
  return (
    digits.length === 9 &&
    area !== '000' &&
    area !== '666' &&
    area[0] !== '9' &&
    digits.slice(3, 5) !== '00' &&
    digits.slice(5) !== '0000' &&
    !voided.has(digits)
  );
}

const announcement = /(?:^|[^a-z])(?:ssn|social security)\b[^0-9]{0,20}$/i;

/**
 * Numbers written 3-2-4 with one separator throughout, that stand alone: no further group is joined to them. Nine bare
 * digits are one only where the words before say so.
 */
export function findSsns(text: string, chunk: DigitChunk): LocatedFinding[] {
  const found: LocatedFinding[] = [];
  const [first] = chunk;
  if (first !== undefined && isAssignableSsn(first.digits)) {
    const before = text.slice(Math.max(0, first.start - 50), first.start);
    if (announcement.test(before)) {
      found.push({ kind: 'us-ssn', proven: false, start: first.start, end: first.end });
    }
  }
  for (let i = 0; i + 2 < chunk.length; i += 1) {
    const [area, group, serial] = [chunk[i], chunk[i + 1], chunk[i + 2]];
    if (area?.digits.length !== 3 || group?.digits.length !== 2 || serial?.digits.length !== 4) continue;
    const separator = group.separator;
    if (!['-', ' ', '.'].includes(separator) || serial.separator !== separator) continue;
    if (!standsAlone(area.separator, separator) || !standsAlone(chunk[i + 3]?.separator ?? '', separator)) continue;
    if (!isAssignableSsn(area.digits + group.digits + serial.digits)) continue;
    found.push({ kind: 'us-ssn', proven: false, start: area.start, end: serial.end });
    i += 2;
  }
  return found;
}

/** Between two numbers of one chunk stands a space, and another separator inside them, or there is no neighbour. */
function standsAlone(outside: string, inside: string): boolean {
  return outside === '' || (outside.includes(' ') && inside !== ' ');
}

import { type Event, eventNamePattern } from '@sdp/shared/contracts';
import { type AnnouncedKind, announcedKind, judgeAnnounced, type PiiKind, scanCell } from '@sdp/shared/detection';

/** Personal data in an event, by the field that holds it. */
export interface EventFinding {
  readonly kind: PiiKind;
  /** Path within the event, such as `message` or `attributes.reply_to`. */
  readonly field: string;
}

/** What a name says by itself, worked out once: names come again and again. */
interface NameVerdict {
  readonly kind: PiiKind | undefined;
  readonly announced: AnnouncedKind | undefined;
  /** Whether a measured value under it is somebody's, and what it is judged as. */
  readonly measured: AnnouncedKind | 'account' | undefined;
}

const mostNames = 10_000;
/** Smaller numbers hold no card number. */
const smallestCard = 1e12;
/** As the name of a measured value these say where it was counted: `sessions.mobile`. */
const channels =
  /(?:^|[^a-z])(?:mobile|mobil|movil|movel|handy|cell|cellular|celular|cellulare|gsm|landline|whatsapp|fax)$/;
/** Accounts of people, beside the kinds that a column's name announces. */
const accounts = /(?:^|[^a-z])(?:iban|bban|(?:account|acct|konto)[^a-z]*(?:number|nummer|num|no|nr))$/;
/** Lengths of card numbers: such a run is looked at even inside of an id. */
const cardLengths = /(?<!\d)\d{13,19}(?!\d)/g;
const digitsOfCard = /\d{13}/;
/** One in some eight thousand tokens has a run of digits that could be a card's. */
const tokenShapes = /(?:tok|hsh)_[0-9a-f]{32}/g;
const names = new Map<string, NameVerdict>();

/**
 * The firewall of uploads over the texts, names and numbers of one event that fits its contract: free text is searched for
 * addresses, cards, IBANs and telephone numbers anywhere in it, and what stands under a name such as `phone` is judged by that
 * too. What only many values of a column would show is not seen: events come one by one.
 *
 * Measured values and amounts are numbers, whatever their digits look like: of counters of 16 digits one in thirty would pass
 * for a card. They are searched only where their name says that they are somebody's. Numbers among attributes may be anything, and
 * are refused where chance alone hardly makes a card's.
 */
export function findInEvent(event: Event): EventFinding[] {
  const findings: EventFinding[] = [];
  const look = (field: string, text: string | undefined, find: (text: string) => PiiKind | undefined) => {
    const kind = text === undefined ? undefined : find(text);
    if (kind !== undefined) findings.push({ kind, field });
  };
  look('event_id', event.event_id, inId);
  look('user_id', event.user_id, inId);
  look('host', event.host, inText);
  look('source', event.source, inText);
  if (event.tags !== undefined) lookAtEntries('tags', event.tags, findings);
  switch (event.type) {
    case 'log':
      look('message', event.message, inText);
      if (event.attributes !== undefined) lookAtEntries('attributes', event.attributes, findings);
      break;
    case 'metric':
      lookAtMeasures(event.metrics, findings);
      break;
    case 'transaction':
      look('merchant', event.merchant, inText);
      look('category', event.category, inText);
      look('channel', event.channel, inText);
  }
  return findings;
}

/** Personal data in what is no event, wherever it stands: it is not to be told apart by what it was meant to be. */
export function findAnywhere(value: unknown, mostFindings: number): EventFinding[] {
  const findings: EventFinding[] = [];
  const visit = (part: unknown, path: readonly string[]): void => {
    if (findings.length >= mostFindings || path.length > deepest) return;
    if (typeof part === 'string' || typeof part === 'number') {
      const kind = typeof part === 'string' ? inId(part) : path.includes('metrics') ? undefined : inNumber(part);
      if (kind !== undefined) findings.push({ kind, field: path.join('.').slice(0, 500) || 'event' });
      return;
    }
    if (part === null || typeof part !== 'object') return;
    for (const [i, [name, each]] of Object.entries(part).entries()) {
      const verdict = Array.isArray(part) ? unremarkable : verdictOn(name);
      const step = Array.isArray(part) || knownFields.has(name) ? name : `field ${i + 1}`;
      if (verdict.kind !== undefined) findings.push({ kind: verdict.kind, field: [...path, step].join('.') });
      else if (announcedIn(verdict, each) !== undefined) {
        findings.push({ kind: verdict.announced as PiiKind, field: [...path, step].join('.') });
      } else visit(each, [...path, step]);
    }
  };
  visit(value, []);
  return findings;
}

const deepest = 20;
const unremarkable: NameVerdict = { kind: undefined, announced: undefined, measured: undefined };
const knownFields: ReadonlySet<string> = new Set(
  'event_id type at user_id host source tags level message attributes metrics amount currency merchant category channel country events'.split(
    ' ',
  ),
);

function lookAtEntries(group: string, entries: Readonly<Record<string, unknown>>, findings: EventFinding[]): void {
  let place = 0;
  for (const name in entries) {
    place += 1;
    const verdict = verdictOn(name);
    const value = entries[name];
    const found = typeof value === 'number' ? inNumber(value) : typeof value === 'string' ? inText(value) : undefined;
    const kind = verdict.kind ?? found ?? announcedIn(verdict, value);
    // A name that is itself a find is not repeated.
    if (kind !== undefined) findings.push({ kind, field: fieldOf(group, verdict, name, place) });
  }
}

function lookAtMeasures(metrics: Readonly<Record<string, number>>, findings: EventFinding[]): void {
  let place = 0;
  for (const name in metrics) {
    place += 1;
    const verdict = verdictOn(name);
    const { kind: inName, measured } = verdict;
    if (inName === undefined && measured === undefined) continue;
    const value = String(metrics[name]);
    const announced =
      measured === undefined || measured === 'account' ? undefined : judgeAnnounced(measured, value)?.kind;
    const kind = inName ?? announced ?? inText(value);
    if (kind !== undefined) findings.push({ kind, field: fieldOf('metrics', verdict, name, place) });
  }
}

function fieldOf(group: string, { kind }: NameVerdict, name: string, place: number): string {
  return `${group}.${kind === undefined ? name : `field ${place}`}`;
}

function announcedIn({ announced }: NameVerdict, value: unknown): PiiKind | undefined {
  if (announced === undefined || (typeof value !== 'string' && typeof value !== 'number')) return undefined;
  return judgeAnnounced(announced, String(value))?.kind;
}

/** Of a length, an issuer and a checksum that together prove it. */
function inNumber(value: number): PiiKind | undefined {
  if (value < smallestCard || !Number.isInteger(value)) return undefined;
  const found = scanCell(String(value));
  return found?.proven ? found.kind : undefined;
}

function inText(text: string): PiiKind | undefined {
  return scanCell(text)?.kind;
}

function inId(text: string): PiiKind | undefined {
  const found = scanCell(text)?.kind;
  if (found !== undefined || !digitsOfCard.test(text)) return found;
  for (const [digits] of text.replace(tokenShapes, '').matchAll(cardLengths)) {
    const inside = scanCell(digits);
    if (inside?.proven) return inside.kind;
  }
  return undefined;
}

function verdictOn(name: string): NameVerdict {
  const known = names.get(name);
  if (known !== undefined) return known;
  const announced = announcedKind(name);
  const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  const isCounted = announced === 'phone' && channels.test(words);
  const measured = accounts.test(words) ? 'account' : isCounted ? undefined : announced;
  const verdict: NameVerdict = { kind: inId(name), announced, measured };
  if (names.size < mostNames && eventNamePattern.test(name)) names.set(name, verdict);
  return verdict;
}

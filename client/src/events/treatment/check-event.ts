import { eventNamePattern, logEventSchema, metricEventSchema, transactionEventSchema } from '@sdp/shared/contracts';
import { judgeAnnounced, type PiiFinding, scanCell } from '@sdp/shared/detection';
import { announcedBy } from './announced-names.ts';
import { isClean } from './clean-texts.ts';
import { RefusedEvent } from './refusal.ts';

/** An event whose id may be missing: it gets one by its place in the spool. */
export type DraftEvent = Record<string, unknown>;

const schemas = { log: logEventSchema, metric: metricEventSchema, transaction: transactionEventSchema } as const;

/** Fields whose values are of a fixed form, in which nothing personal fits. */
export const formalFields: ReadonlySet<string> = new Set(['type', 'at', 'level', 'amount', 'currency', 'country']);

const kindNames: Readonly<Record<string, string>> = {
  email: 'an e-mail address',
  'payment-card': 'a payment card number',
  iban: 'an IBAN',
  'us-ssn': 'a US social security number',
  phone: 'a telephone number',
};

/**
 * The last look at an event before it may leave: by the contract that the server has, and by the detection that the server
 * runs.
 *
 * @throws {RefusedEvent} `request-invalid`, `raw-pii-found`
 */
export function checkEvent(draft: DraftEvent): void {
  const { type } = draft;
  const schema =
    typeof type === 'string' && Object.hasOwn(schemas, type) ? schemas[type as keyof typeof schemas] : undefined;
  if (schema === undefined) throw new RefusedEvent('request-invalid', 'must be log, metric or transaction', 'type');
  const parsed = schema.safeParse(draft['event_id'] === undefined ? { ...draft, event_id: 'x' } : draft);
  if (!parsed.success) throw invalid(parsed.error.issues[0]);
  for (const [field, value] of Object.entries(draft)) if (!formalFields.has(field)) checkText(field, value);
}

function checkText(field: string, value: unknown, name?: string): void {
  if (typeof value === 'object' && value !== null) {
    for (const [inner, held] of Object.entries(value)) {
      assertClean(`${field}: a name`, inIdentifier(inner));
      checkText(field, held, inner);
    }
    return;
  }
  if (typeof value !== 'string' && typeof value !== 'number') return;
  const text = String(value);
  const announced = name === undefined ? undefined : announcedBy(name);
  if (announced !== undefined) assertClean(field, judgeAnnounced(announced, text));
  // Measured values are numbers of any size, and others of a usual one no card numbers.
  if (typeof value === 'number' && (field === 'metrics' || Math.abs(value) < smallestCard)) return;
  assertClean(field, ids.has(field) ? inIdentifier(text) : isClean(text) ? undefined : scanCell(text));
}

/** Shorter numbers hold no card number. */
export const smallestCard = 1e12;

const ids: ReadonlySet<string> = new Set(['event_id', 'user_id']);
const tokens = /(?:tok|hsh)_[0-9a-f]{32}/g;
const cardLengths = /(?<!\d)\d{13,19}(?!\d)/g;

/** Inside of ids a card number is looked for even between letters. */
function inIdentifier(text: string): PiiFinding | undefined {
  const found = isClean(text) ? undefined : scanCell(text);
  if (found !== undefined || !/\d{13}/.test(text)) return found;
  return Array.from(text.replace(tokens, '').matchAll(cardLengths), ([digits]) => scanCell(digits)).find(
    (finding) => finding?.proven === true,
  );
}

function assertClean(field: string, found: PiiFinding | undefined): void {
  if (found !== undefined) {
    throw new RefusedEvent('raw-pii-found', `holds what looks like ${kindNames[found.kind] ?? found.kind}`, field);
  }
}

/** A schema's message may quote what was given, so only the field is told, and only if it is one of ours. */
function invalid(issue: { readonly path: readonly PropertyKey[]; readonly code: string } | undefined): RefusedEvent {
  const [field, name] = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    return new RefusedEvent('request-invalid', 'has a field that events of its type do not have');
  }
  const known = typeof field === 'string' ? field : undefined;
  if (issue?.code === 'invalid_key' || (name !== undefined && !eventNamePattern.test(String(name)))) {
    return new RefusedEvent('request-invalid', 'has a name that no entry may have', known);
  }
  return new RefusedEvent('request-invalid', 'is missing, or not as an event has it', known);
}

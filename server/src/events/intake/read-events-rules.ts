import { type Event, eventSchema, isSurelyEvent, maxEventsPerRequest } from '@sdp/shared/contracts';
import { type Finding, InputError } from '@sdp/shared/errors';
import type { z } from 'zod';
import { type EventFinding, findAnywhere, findInEvent } from './event-firewall.ts';

const mostFindings = 100;
/** Further ahead than this no clock is by mistake, and an event would stand before all others for as long. */
const aheadMs = 86_400_000;

/** What is wrong with one value that should be an event; personal data goes first. */
export interface BadEvent {
  readonly code: 'raw-pii-found' | 'request-invalid';
  readonly findings: readonly Finding[];
  readonly detector?: string;
}

/**
 * Reads one event: the firewall first, over every text in it, then the contract.
 *
 * @returns the event, or every field that is wrong; never a value
 */
export function readEvent(value: unknown, nowMs: number): { event: Event } | { bad: BadEvent } {
  if (isSurelyEvent(value)) return judge(value as Event, nowMs);
  const parsed = eventSchema.safeParse(value);
  if (parsed.success) return judge(parsed.data, nowMs);
  const found = findAnywhere(value, mostFindings);
  return { bad: found.length > 0 ? personal(found) : { code: 'request-invalid', findings: findingsOf(parsed.error) } };
}

/**
 * Reads a body: one event, or `{ events: [...] }`. All are taken or none.
 *
 * @throws {InputError} `raw-pii-found`, or `request-invalid` with every field that is wrong by the event's index; never with a value
 */
export function readEvents(body: unknown, nowMs: number): readonly Event[] {
  if (body === null || typeof body !== 'object' || !('events' in body)) {
    const read = readEvent(body, nowMs);
    if ('bad' in read) throw refusal([read.bad]);
    return [read.event];
  }
  const { events: values, ...rest } = body;
  if (Object.keys(rest).length > 0) throw refusalOfRequest(rest);
  if (!Array.isArray(values) || values.length === 0 || values.length > maxEventsPerRequest) {
    throw refusal([wrongField('events', `must be a list of 1 to ${maxEventsPerRequest} events`)]);
  }
  const events: Event[] = [];
  const bad: BadEvent[] = [];
  let findings = 0;
  for (const [i, value] of values.entries()) {
    const read = readEvent(value, nowMs);
    if ('event' in read) events.push(read.event);
    else {
      bad.push({
        ...read.bad,
        findings: read.bad.findings.map((finding) => ({ ...finding, field: inList(i, finding) })),
      });
      findings += read.bad.findings.length;
      if (findings >= mostFindings) break;
    }
  }
  if (bad.length > 0) throw refusal(bad);
  return events;
}

/** Where personal data was found nothing else is told: what is wrong with the rest shows once it is gone. */
export function refusal(bad: readonly BadEvent[], details: { readonly accepted?: number } = {}): InputError {
  const personalOnes = bad.filter(({ code }) => code === 'raw-pii-found');
  const told = personalOnes.length > 0 ? personalOnes : bad;
  const findings = told.flatMap((each) => each.findings);
  const [first] = told;
  return new InputError(first?.code ?? 'request-invalid', {
    ...(first?.code === 'raw-pii-found' && {
      remedy: 'Replace it by tokens before it is sent: `sdp events send` and `sdp stream` do.',
    }),
    details: {
      findings: findings.slice(0, mostFindings),
      count: findings.length,
      ...(first?.detector !== undefined && { detector: first.detector }),
      ...details,
    },
  });
}

function judge(event: Event, nowMs: number): { event: Event } | { bad: BadEvent } {
  const found = findInEvent(event);
  if (found.length > 0) return { bad: personal(found) };
  const atMs = Date.parse(event.at);
  if (atMs > nowMs + aheadMs) return { bad: wrongField('at', 'lies more than a day in the future') };
  if (atMs < 0) return { bad: wrongField('at', 'lies before 1970') };
  return { event };
}

function personal(found: readonly EventFinding[]): BadEvent {
  return {
    code: 'raw-pii-found',
    findings: found.map(({ kind, field }) => ({ message: kind, field })),
    ...(found[0] && { detector: found[0].kind }),
  };
}

function wrongField(field: string, message: string): BadEvent {
  return { code: 'request-invalid', findings: [{ field, message }] };
}

function refusalOfRequest(rest: object): InputError {
  const found = findAnywhere(rest, mostFindings);
  return refusal([found.length > 0 ? personal(found) : wrongField('request', 'has fields that are not known')]);
}

function inList(index: number, { field }: Finding): string {
  return field === undefined || field === 'event' ? `events.${index}` : `events.${index}.${field}`;
}

/** zod's messages say what was expected and never quote what was there, save for names that aren't known. */
function findingsOf(error: z.ZodError): Finding[] {
  return error.issues.slice(0, mostFindings).map((issue) => ({
    message: messageOf(issue).slice(0, 500),
    field: issue.path.map(nameOfStep).join('.').slice(0, 500) || 'event',
  }));
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'has fields that are not known';
  return issue.code === 'invalid_key' ? 'has a name that is not allowed' : issue.message;
}

/** A name that isn't allowed may be anything. */
function nameOfStep(step: PropertyKey): string {
  return typeof step === 'string' && /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(step) ? step : 'a field';
}

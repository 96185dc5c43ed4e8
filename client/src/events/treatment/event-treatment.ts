import { eventLimits } from '@sdp/shared/contracts';
import { checkEvent, type DraftEvent } from './check-event.ts';
import { cutText } from './cut-text.ts';
import { eventTime } from './event-time.ts';
import { fieldRules, fieldsOf } from './field-rules.ts';
import { fitEvent } from './fit-event.ts';
import { logLevel } from './log-level.ts';
import { mappedDraft } from './mapped-draft.ts';
import { type EventRefusal, RefusedEvent } from './refusal.ts';
import { shapedDraft } from './shaped-draft.ts';
import type { TreatmentOptions } from './treatment-options.ts';

/** What became of an event. */
export type Treated = { readonly event: DraftEvent } | { readonly refused: EventRefusal };

/** Makes an event that may leave out of an input. @param row its place in the input, 1-based */
export type EventTreatment = (input: unknown, row: number) => Treated;

/**
 * Treats fields as the configuration says, replaces identifiers in texts, and looks at the result as the server will. Await
 * the vault's flush before an event is sent.
 *
 * @throws {InputError} `column-unconfigured`
 */
export function eventTreatment(options: TreatmentOptions): EventTreatment {
  const { config, vault } = options;
  const mapping = config?.mapping;
  const mapped =
    mapping === undefined
      ? []
      : [...mapping.single.values(), ...[...mapping.named.values()].flatMap((names) => [...names.values()])];
  const rules = config === undefined ? undefined : fieldRules(config.tokenization, mapped, vault);
  const draftOf =
    mapping === undefined || rules === undefined ? shapedDraft(options, rules) : mappedDraft(mapping, rules);
  return (input, row) => {
    try {
      if (typeof input !== 'object' || input === null || Array.isArray(input)) {
        throw new RefusedEvent('ndjson-invalid', 'is no JSON object');
      }
      const draft = draftOf(fieldsOf(input as Record<string, unknown>), input as Record<string, unknown>, row);
      if (draft['type'] === undefined) draft['type'] = mapping?.type ?? options.type;
      settleForm(draft, options, mapping !== undefined);
      if (options.fit === true) fitEvent(draft);
      checkEvent(draft);
      return { event: draft };
    } catch (error) {
      if (error instanceof RefusedEvent) return { refused: error.refusal };
      throw error;
    }
  };
}

/** What loggers write in different ways, in the one that events have. */
function settleForm(draft: DraftEvent, { assumeUtc = false }: TreatmentOptions, mapped: boolean): void {
  if (draft['at'] === undefined) draft['at'] = new Date().toISOString();
  else {
    const time = eventTime(draft['at'], assumeUtc);
    if ('reason' in time) throw new RefusedEvent('request-invalid', time.reason, 'at');
    draft['at'] = time.at;
  }
  if (draft['type'] !== 'log') return;
  const { level, message } = draft;
  if (level === undefined && mapped) draft['level'] = 'INFO';
  if (typeof level === 'string') draft['level'] = logLevel(level) ?? level;
  if (typeof message === 'string') draft['message'] = cutText(message, eventLimits.messageLength);
}

import { judgeAnnounced } from '@sdp/shared/detection';
import { announcedBy } from './announced-names.ts';
import { type DraftEvent, formalFields, smallestCard } from './check-event.ts';
import { type FieldReader, type FieldRules, textOfField } from './field-rules.ts';
import { identifierText, refusableText } from './identifier-text.ts';
import { RefusedEvent } from './refusal.ts';
import { defaultSourceTable, type TreatmentOptions } from './treatment-options.ts';

const asIs = (text: string) => text;

/**
 * Takes an input that has the fields of an event already. What the configuration names (`user_id`, `attributes.email`) is
 * treated as it says; of the rest `user_id` becomes a token, identifiers in `message` and `attributes` are replaced in place,
 * and in the names of hosts, services, tags and the like what the server would refuse.
 */
export function shapedDraft(
  { vault, text, region, config, isPersonal = () => false }: TreatmentOptions,
  rules: FieldRules | undefined,
): (read: FieldReader, input: Readonly<Record<string, unknown>>, row: number) => DraftEvent {
  const table = config?.tokenization.sourceTable ?? defaultSourceTable;
  const rest = config?.tokenization.default ?? 'error';
  const tokenOf = vault.tokenizer(`${table}.text`);
  const userToken = rules?.has('user_id') ? undefined : vault.tokenizer(`${table}.user_id`);
  const replaces = text === 'tokenize' && rest !== 'keep';
  const inProse = replaces ? identifierText(tokenOf, region) : asIs;
  const inNames = replaces ? refusableText(tokenOf) : asIs;
  const configured = (name: string) => rules?.has(name) === true;

  const namedValues = (
    field: string,
    value: unknown,
    treat: (text: string) => string,
    read: FieldReader,
    row: number,
  ) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
      const path = `${field}.${name}`;
      if (configured(path)) {
        // Names may hold dots themselves.
        const replaced = rules?.apply(path, (wanted) => (wanted === path ? inner : read(wanted)), row);
        return replaced === undefined ? [] : [[name, replaced]];
      }
      if (rest === 'drop') return [];
      const isWhole = (rest !== 'keep' && isPersonal(name)) || (replaces && isAnnounced(name, inner));
      const whole = isWhole ? textOfField(inner) : '';
      return [[inNames(name), whole === '' ? treatedScalar(inner, treat) : tokenOf(whole)]];
    });
    return Object.fromEntries(entries);
  };

  return (read, input, row) => {
    const draft: DraftEvent = {};
    for (const [field, value] of Object.entries(input)) {
      let treated: unknown;
      if (configured(field)) treated = rules?.apply(field, read, row);
      else if (value === null || value === undefined) treated = undefined;
      else if (formalFields.has(field)) treated = value;
      else if (field === 'user_id') treated = userToken?.(textOfField(value)) ?? value;
      else if (field === 'message') treated = treatedScalar(value, inProse);
      else if (field === 'attributes') treated = namedValues(field, value, inProse, read, row);
      else if (field === 'tags') treated = namedValues(field, value, inNames, read, row);
      else if (field === 'metrics') treated = withNames(value, inNames);
      else treated = treatedScalar(value, inNames);
      if (treated === undefined) continue;
      // Anywhere else it would be no property like others; no event has it.
      if (field === '__proto__') throw new RefusedEvent('request-invalid', 'has a name that no entry may have');
      draft[field] = treated;
    }
    return draft;
  };
}

/** Whether a value is what its name says, such as the digits under `phone`. */
function isAnnounced(name: string, value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const announced = announcedBy(name);
  return announced !== undefined && judgeAnnounced(announced, String(value)) !== undefined;
}

/** A number that is an identifier as a text becomes one: its token. */
function treatedScalar(value: unknown, treat: (text: string) => string): unknown {
  if (typeof value === 'string') return treat(value);
  if (typeof value !== 'number' || Math.abs(value) < smallestCard) return value;
  const text = String(value);
  const treated = treat(text);
  return treated === text ? value : treated;
}

function withNames(value: unknown, treat: (text: string) => string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [treat(name), inner]));
}

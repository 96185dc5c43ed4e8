import type { EventMapping } from '../../config/index.ts';
import type { DraftEvent } from './check-event.ts';
import { type FieldReader, type FieldRules, textOfField } from './field-rules.ts';
import { RefusedEvent } from './refusal.ts';

const numeral = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** Puts an event together from the fields that a mapping names; what it does not name is left out. */
export function mappedDraft(
  mapping: EventMapping,
  rules: FieldRules,
): (read: FieldReader, input: unknown, row: number) => DraftEvent {
  return (read, _input, row) => {
    const draft: DraftEvent = mapping.type === undefined ? {} : { type: mapping.type };
    for (const [field, name] of mapping.single) {
      const value = rules.apply(name, read, row);
      if (value === undefined) continue;
      draft[field] = field === 'amount' ? numberOf(value, field) : field === 'at' ? value : textOfField(value);
    }
    for (const [field, names] of mapping.named) {
      const entries = [...names].flatMap(([to, from]): [string, unknown][] => {
        const value = rules.apply(from, read, row);
        if (value === undefined) return [];
        if (field === 'metrics') return [[to, numberOf(value, field)]];
        return [[to, field === 'tags' || typeof value === 'object' ? textOfField(value) : value]];
      });
      if (entries.length > 0 || field === 'metrics') draft[field] = Object.fromEntries(entries);
    }
    return draft;
  };
}

/** CSV has numbers as texts. */
function numberOf(value: unknown, field: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && numeral.test(value.trim())) return Number(value);
  throw new RefusedEvent('request-invalid', 'is no number', field);
}

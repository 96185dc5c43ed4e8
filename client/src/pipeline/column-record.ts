import type { ColumnOptions, ManifestColumn } from '../manifest/index.ts';
import { type ColumnRule, canonicalOf, namespaceOf } from './column-rule.ts';
import { defaultMaxDays } from './keyed-methods.ts';

/** What a manifest says of the columns: those of the output in its order, and the names of those left out. */
export function describeColumns(rules: readonly ColumnRule[]): {
  readonly columns: ManifestColumn[];
  readonly dropped: string[];
} {
  const columns: ManifestColumn[] = [];
  const dropped: string[] = [];
  for (const rule of rules) {
    if (rule.method === 'drop') {
      dropped.push(rule.name);
      continue;
    }
    const namespace = namespaceOf(rule);
    const options = optionsOf(rule, rules);
    columns.push({
      name: rule.name,
      index: columns.length,
      method: rule.method,
      ...(namespace === undefined ? {} : { namespace }),
      ...(Object.keys(options).length === 0 ? {} : { options }),
    });
  }
  return { columns, dropped };
}

function optionsOf(rule: ColumnRule, rules: readonly ColumnRule[]): ColumnOptions {
  const options: ColumnOptions = {};
  const canonical = canonicalOf(rule);
  if (canonical !== undefined) options.canonical = canonical.id;
  if ('nullMarkers' in rule && rule.nullMarkers?.length) options.null_markers = [...rule.nullMarkers];
  if ('onInvalid' in rule && rule.onInvalid !== undefined && rule.onInvalid !== 'error') {
    options.on_invalid = rule.onInvalid;
  }
  switch (rule.method) {
    case 'email':
      if (rule.keepDomain) options.keep_domain = true;
      break;
    case 'card':
      if (rule.keepFirst !== undefined) options.keep_first = rule.keepFirst;
      break;
    case 'fpe': {
      const { alphabet = 'digits' } = rule;
      options.alphabet = typeof alphabet === 'string' ? alphabet : { custom: alphabet.custom };
      if (rule.spareDigit !== undefined) options.spare_digit = rule.spareDigit;
      break;
    }
    case 'date-shift': {
      options.entity = rule.entity;
      options.max_days = rule.maxDays ?? defaultMaxDays;
      if (rule.dateOrder !== undefined) options.date_order = rule.dateOrder;
      if (rule.padded !== undefined) options.padded = rule.padded;
      const entity = rules.find(({ name }) => name === rule.entity);
      if (entity === undefined || !isReadable(entity)) options.entity_lost = true;
      break;
    }
    default:
  }
  return options;
}

/** Whether a column's cells can be had again from the output. */
export function isReadable(rule: ColumnRule): boolean {
  switch (rule.method) {
    case 'keep':
    case 'token':
    case 'random':
    case 'email':
    case 'text':
      return true;
    case 'fpe':
    case 'card':
      return rule.onInvalid !== 'redact';
    default:
      return false;
  }
}

/** A sentence for each column of shifted dates that nothing can shift back. */
export function irreversibleShifts(rules: readonly ColumnRule[]): string[] {
  return rules.flatMap((rule) => {
    if (rule.method !== 'date-shift') return [];
    const entity = rules.find(({ name }) => name === rule.entity);
    if (entity !== undefined && isReadable(entity)) return [];
    return [
      `column ${rule.name} cannot be reversed: its shift belongs to ${rule.entity}, which is gone from the output or cannot be reversed itself`,
    ];
  });
}

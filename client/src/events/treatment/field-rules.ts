import { InputError } from '@sdp/shared/errors';
import type { TokenizationConfig } from '../../config/index.ts';
import { columnEdits, planConfiguredColumns } from '../../pipeline/index.ts';
import type { Vault } from '../../vault/index.ts';
import { RefusedEvent } from './refusal.ts';

/** Reads a field of an input by its name or its dotted path. */
export type FieldReader = (name: string) => unknown;

/** What a configuration does to the fields of an input, by the methods that it does to the columns of a table. */
export interface FieldRules {
  /** Whether the configuration names the field, or its default decides. */
  has(name: string): boolean;
  /** @returns the replacement, `undefined` for a field that is dropped or empty */
  apply(name: string, read: FieldReader, row: number): unknown;
}

/**
 * @param names fields that the input will be asked for, beside those of the configuration
 * @throws {InputError} `column-unconfigured` where the default says so
 */
export function fieldRules(config: TokenizationConfig, names: readonly string[], vault: Vault): FieldRules {
  const header = [...new Set([...config.columns.keys(), ...names])];
  const { keyColumn: _, ...withoutKey } = config;
  const rules = header.length === 0 ? [] : planConfiguredColumns(withoutKey)(header);
  const edits = new Map(columnEdits(rules, vault).edits.map((edit) => [edit.index, edit.replace]));
  const indexes = new Map(header.map((name, index) => [name, index]));
  return {
    has: (name) => indexes.has(name),
    apply: (name, read, row) => {
      const value = read(name);
      const index = indexes.get(name);
      const replace = index === undefined ? undefined : edits.get(index);
      if (value === undefined || value === null || value === '' || replace === 'drop') return undefined;
      if (replace === undefined) return value;
      const text = textOfField(value);
      const view = { row, cellCount: header.length, cell: (at: number) => textOfField(read(header[at] ?? '')) };
      try {
        return replace(text, row, view) ?? value;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        throw new RefusedEvent(error.code, 'has a value that its method cannot take', name);
      }
    },
  };
}

/** A value as a cell of a table would hold it; objects and arrays as JSON. */
export function textOfField(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Reads fields of an object: by their name, else by the path that dots make of it. */
export function fieldsOf(input: Readonly<Record<string, unknown>>): FieldReader {
  return (name) => {
    if (Object.hasOwn(input, name)) return input[name];
    let value: unknown = input;
    for (const step of name.split('.')) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Record<string, unknown>)[step];
    }
    return value;
  };
}

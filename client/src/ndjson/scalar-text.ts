import { type Spelling, spell } from './string-spelling.ts';

/** What the values of a field mostly are; `null` is none of them. */
export const scalarTypes = ['string', 'number', 'boolean'] as const;
export type ScalarType = (typeof scalarTypes)[number];

/** Stands before values whose type is not the field's, and before strings that begin with it. */
const mark = '\0';

const literalOf = {
  number: /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/,
  boolean: /^(true|false)$/,
} as const;

/**
 * The text that a method is given for a value. Values of the field's type are their content or literal, as a CSV file
 * would have them, so that tokens join across formats; the others are kept apart, since `1` and `"1"` must not come
 * back as one another.
 *
 * @param content a string's content, or a number's or boolean's literal
 */
export function textOfScalar(content: string, type: ScalarType, fieldType: ScalarType): string {
  if (type === fieldType && !(type === 'string' && content.startsWith(mark))) return content;
  return mark + (type === 'string' ? JSON.stringify(content) : content);
}

/** The JSON text of a value that {@link textOfScalar} gave the text of. A text that no value has becomes a string. */
export function scalarOfText(text: string, fieldType: ScalarType, spelling: Spelling): string {
  if (text.startsWith(mark)) {
    const literal = text.slice(mark.length);
    if (literalOf.number.test(literal) || literalOf.boolean.test(literal)) return literal;
    const content = stringIn(literal);
    if (content !== undefined) return spell(content, spelling);
  } else if (fieldType !== 'string' && literalOf[fieldType].test(text)) return text;
  return spell(text, spelling);
}

function stringIn(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

import { InputError } from '@sdp/shared/errors';
import type { SchemaElement } from 'hyparquet';
import type { ParquetTextType } from './parquet-types.ts';

const dayMs = 86_400_000;
const narrow: Readonly<Record<string, ParquetTextType>> = { INT_8: 'int8', INT_16: 'int16' };

/**
 * What the text of a column's values says: strings are themselves, the others a text from which exactly the same value
 * comes back. `undefined` for types that have none.
 */
export function textTypeOf(element: SchemaElement): ParquetTextType | 'string' | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  const isBare = converted === undefined && logical === undefined;
  const isSigned = logical?.type === 'INTEGER' ? logical.isSigned : isBare || converted?.startsWith('INT_') === true;
  switch (type) {
    case 'BYTE_ARRAY':
      return converted === 'UTF8' || converted === 'ENUM' || logical?.type === 'STRING' || logical?.type === 'ENUM'
        ? 'string'
        : undefined;
    case 'INT32':
      if (converted === 'DATE' || logical?.type === 'DATE') return 'date';
      if (!isSigned) return undefined;
      return (
        narrow[converted ?? ''] ??
        (logical?.type === 'INTEGER' ? narrow[`INT_${logical.bitWidth}`] : undefined) ??
        'int32'
      );
    case 'INT64':
      return isSigned ? 'int64' : undefined;
    case 'FLOAT':
      return isBare ? 'float' : undefined;
    case 'DOUBLE':
      return isBare ? 'double' : undefined;
    case 'BOOLEAN':
      return 'boolean';
    default:
      return undefined;
  }
}

/** The type that a column of text gets, and one whose values come back. */
export function elementFor(old: SchemaElement, type: ParquetTextType | 'string'): SchemaElement {
  const { name, repetition_type, field_id } = old;
  const common = {
    name,
    ...(repetition_type === undefined ? {} : { repetition_type }),
    ...(field_id === undefined ? {} : { field_id }),
  };
  switch (type) {
    case 'string':
      return { ...common, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
    case 'date':
      return { ...common, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } };
    case 'int8':
    case 'int16': {
      const bitWidth = type === 'int8' ? 8 : 16;
      const logical_type = { type: 'INTEGER', bitWidth, isSigned: true } as const;
      return { ...common, type: 'INT32', converted_type: `INT_${bitWidth}`, logical_type };
    }
    case 'int32':
      return { ...common, type: 'INT32' };
    case 'int64':
      return { ...common, type: 'INT64' };
    case 'float':
      return { ...common, type: 'FLOAT' };
    case 'double':
      return { ...common, type: 'DOUBLE' };
    default:
      return { ...common, type: 'BOOLEAN' };
  }
}

/** @param value as read: a string, number (days of a date), bigint or boolean; nothing for a null */
export function textOfValue(value: unknown, type: ParquetTextType | 'string'): string {
  if (value === null || value === undefined) return '';
  if (type === 'date') {
    const time = Number(value) * dayMs;
    // Beyond what a calendar can say, the number of days is told.
    return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString().slice(0, -'T00:00:00.000Z'.length) : `${value} d`;
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * The value that {@link textOfValue} gave the text of, as it is stored.
 *
 * @throws {InputError} `parquet-type` for a text that no value has
 */
export function valueOfText(
  text: string,
  type: ParquetTextType | 'string',
  column: string,
): string | number | bigint | boolean {
  switch (type) {
    case 'string':
      return text;
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      break;
    case 'int8':
    case 'int16':
    case 'int32':
      if (/^-?\d{1,10}$/.test(text)) return Number(text);
      break;
    case 'int64':
      if (/^-?\d{1,19}$/.test(text)) return BigInt(text);
      break;
    case 'date': {
      const days = /^-?\d+ d$/.test(text) ? Number(text.slice(0, -2)) : Date.parse(`${text}T00:00:00.000Z`) / dayMs;
      if (Number.isInteger(days)) return days;
      break;
    }
    default:
      if (text === 'NaN' || (text.trim() !== '' && !Number.isNaN(Number(text)))) return Number(text);
  }
  throw new InputError('parquet-type', {
    message: `Column ${column} was ${type} and holds something that is none, so that its type cannot come back`,
    remedy: 'Reverse the whole column, or name its token columns with --column, which leaves them text.',
    details: { column },
  });
}

/** Types of Parquet columns, beside strings, whose values have a text that says all about them. */
export const parquetTypes = ['int8', 'int16', 'int32', 'int64', 'float', 'double', 'boolean', 'date'] as const;
export type ParquetTextType = (typeof parquetTypes)[number];

import { z } from 'zod';

export const columnNameSchema = z
  .string()
  .min(1)
  .max(256)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: PostgreSQL can't keep this one
  .regex(/^[^\u0000]*$/, 'text without NUL characters');

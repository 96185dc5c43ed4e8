import type { z } from 'zod';
import { invalidFields } from '../batches/index.ts';

/** @throws {InputError} `request-invalid` with every field that is wrong */
export function parsed<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidFields(result.error);
  return result.data;
}

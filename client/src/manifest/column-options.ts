import { z } from 'zod';

/**
 * What a manifest says of a column's method: as much as reversing it, or finding the token of a raw value again, needs.
 * Receipts carry it on for the join.
 */
export const columnOptionsSchema = z.strictObject({
  /** Id of the canonical form, e.g. `trim+lower` or `trim+phone:DE`. */
  canonical: z.string().max(100).optional(),
  /** Cells that were left as they are, beside the empty ones. */
  null_markers: z.array(z.string()).optional(),
  /** What was done with values that the method cannot take; an error where left out. */
  on_invalid: z.enum(['redact', 'token']).optional(),
  /** Of `email`. */
  keep_domain: z.boolean().optional(),
  /** Of `mask`, `card` and `bucket`. */
  keep_first: z.int().min(0).optional(),
  /** Of `mask`. */
  keep_last: z.int().min(0).optional(),
  /** Of `fpe`: the characters that are replaced by each other. */
  alphabet: z
    .union([z.enum(['digits', 'letters', 'alphanumeric']), z.strictObject({ custom: z.string().min(2) })])
    .optional(),
  /** Of `date-shift`: name of the column that the shift belongs to. */
  entity: z.string().optional(),
  /** Of `date-shift`: canonical form of the entity's values. */
  entity_canonical: z.string().max(100).optional(),
  /** Of `date-shift`. */
  max_days: z.int().min(1).optional(),
});

export type ColumnOptions = z.infer<typeof columnOptionsSchema>;

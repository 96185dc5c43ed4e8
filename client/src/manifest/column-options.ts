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
  /** Of `card`. */
  keep_first: z.literal(6).optional(),
  /** Of `fpe`: the characters that are replaced by each other. */
  alphabet: z
    .union([z.enum(['digits', 'letters', 'alphanumeric']), z.strictObject({ custom: z.string().min(2) })])
    .optional(),
  /** Of `fpe`: the digit that no number of card length begins with, if it isn't 0. */
  spare_digit: z.int().min(0).max(9).optional(),
  /** Of `date-shift`: name of the column that the shift belongs to. */
  entity: z.string().optional(),
  /** Of `date-shift`: the entity cannot be had back from the output, nor can the dates. */
  entity_lost: z.literal(true).optional(),
  /** Of `date-shift`. */
  max_days: z.int().min(1).optional(),
  /** Of `date-shift`: which of day and month stands first where the dates leave it open. */
  date_order: z.enum(['dmy', 'mdy']).optional(),
  /** Of `date-shift`: whether days and months below ten have a leading zero. */
  padded: z.boolean().optional(),
});

export type ColumnOptions = z.infer<typeof columnOptionsSchema>;

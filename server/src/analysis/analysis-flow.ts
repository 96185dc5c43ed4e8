import { eventShards } from '@sdp/shared/contracts';
import type { PayloadContract } from '@sdp/shared/messaging';
import { z } from 'zod';

/** Where facts of rules come together whose groups stand in several partitions. */
export const factsTopic = 'anomaly.facts';

/** Consumer group that judges facts. */
export const factsGroup = 'sdp-analysis-facts';

/** Facts of one message: what is beyond goes into another one. */
export const maxFactsPerMessage = 1_000;

const factSchema = z.strictObject({
  rule: z.string().max(64),
  /** Of the rule that made it: one that counts otherwise has no use for it. */
  version: z.string().max(64),
  event_id: z.string().max(128),
  at_ms: z.number(),
  group: z.array(z.string().max(8_192)).max(4),
  bits: z.int().min(0),
  value: z.number(),
  numbers: z.record(z.string(), z.number()).optional(),
  user_id: z.string().max(128).optional(),
  host: z.string().max(255).optional(),
  source: z.string().max(128).optional(),
  /** Its sender's clock was ahead. */
  ahead: z.literal(true).optional(),
});

/**
 * Topic `anomaly.facts`, contract `anomaly.facts`: what rules have to know of the events of one message, keyed by client and a
 * shard of rule and group, so that each group's facts stand in one partition.
 */
export const factsSchema = z.strictObject({
  client_id: z.string().min(1).max(200),
  shard: z
    .int()
    .min(0)
    .max(eventShards - 1),
  /** When the API took the events. */
  received_at: z.iso.datetime(),
  facts: z.array(factSchema).min(1).max(maxFactsPerMessage),
});
export type Facts = z.infer<typeof factsSchema>;
export type WireFact = Facts['facts'][number];

export const factsContract: PayloadContract<Facts> = { name: 'anomaly.facts', version: 1, schema: factsSchema };

import { z } from 'zod';

/**
 * Section `detectors.forest` of the rules file: isolation forests over transactions and samples of metrics. Each partition grows
 * its own, one for each client and currency, and one for each client and set of metrics.
 */
export const forestSettingsSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Events before the first forest is grown. Nothing is found before it stands. */
    learn_events: z.int().min(500).max(1_000_000).default(1_000),
    /** By the events' own time, from a group's first event: until then findings are `INFO`, which alerts nobody. */
    learn_minutes: z.number().min(0).max(10_080).default(15),
    /** A new forest takes that many new events at least, */
    retrain_events: z.int().min(500).max(10_000_000).default(2_000),
    /** and that long by the server's clock; while there is little to learn from, less. The window is eight times as long. */
    retrain_minutes: z.number().min(0).max(10_080).default(180),
    /** Share of ordinary events that may be found: the tail of the training scores is drawn out to it. */
    false_alarm_rate: z.number().min(1e-7).max(0.05).default(5e-5),
    /** However narrow the training scores lie: nothing with a smaller score is found. */
    min_score: z.number().min(0.5).max(1).default(0.55),
    /** After a finding, the same user or host is left alone for so long. */
    quiet_minutes: z.number().min(0).max(1_440).default(10),
    /** Alerts of a group; what is found beyond them in an hour of the server's clock is `INFO`. */
    alerts_per_hour: z.int().min(0).max(100_000).default(10),
    level: z.enum(['INFO', 'WARNING', 'ERROR', 'CRITICAL']).default('WARNING'),
    /** Forests in each partition; the one unused for longest goes first. Up to 1.5 MB each. */
    max_groups: z.int().min(1).max(1_000).default(32),
    /** Users or hosts remembered for each forest; the one unseen for longest goes first. */
    max_profiles: z.int().min(64).max(1_000_000).default(8_192),
    seed: z.int().min(0).max(4_294_967_295).default(0),
  })
  .meta({ id: 'ForestDetectorSettings' });
export type ForestSettings = z.infer<typeof forestSettingsSchema>;

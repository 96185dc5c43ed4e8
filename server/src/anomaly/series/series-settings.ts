import { z } from 'zod';

/**
 * Section `detectors.series` of the rules file: how metrics are watched. The defaults are those that the figures in
 * docs/detection.md were measured with, the same for every series.
 */
export const seriesSettingsSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Of a series with a sample each five minutes: one this improbable, by the series' own past, is an anomaly. */
    chance: z.number().gt(0).max(0.01).default(3e-4),
    /** And it is this much larger than the largest deviation of a usual day. */
    margin: z.number().min(1).max(10).default(1.2),
    /** Samples before the first judgement; 24 hours must have passed as well. */
    learn_samples: z.int().min(50).max(100_000).default(144),
    /** After a finding, samples without another before the series is judged anew. */
    quiet_samples: z.int().min(0).max(100_000).default(48),
    /** Series remembered in each partition; the one unseen for longest goes first. 1.5 KB each. */
    max_series: z.int().min(1).max(100_000).default(5_000),
    /** Metrics that only grow, besides those whose names end in `_total`: what is watched is their increase a second. */
    counters: z.array(z.string().min(1).max(64)).max(1_000).default([]),
    /** Metrics that aren't watched. */
    ignore: z.array(z.string().min(1).max(64)).max(1_000).default([]),
  })
  .meta({ id: 'SeriesDetectorSettings' });
export type SeriesSettings = z.infer<typeof seriesSettingsSchema>;

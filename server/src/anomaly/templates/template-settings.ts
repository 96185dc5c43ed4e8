import { z } from 'zod';

/** Section `detectors.templates` of the rules file: how the kinds of log lines are watched. */
export const templateSettingsSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Hours of a source's log in which everything is new, and nothing is told. */
    learn_hours: z.number().min(0).max(720).default(24),
    /** And at least so many lines. */
    learn_lines: z.int().min(0).max(10_000_000).default(1_000),
    /** New templates of one source that are told within an hour; the rest are counted. */
    new_per_hour: z.int().min(0).max(1_000).default(10),
    /** Length of the stretches in which a template's lines are counted. */
    bucket_seconds: z.int().min(10).max(86_400).default(300),
    /** Changes of frequency that may be told of a source a day although nothing changed. */
    false_alarms_per_day: z.number().gt(0).max(100).default(0.1),
    /** Whether lines are expected by the time of day (UTC) where they follow it. */
    time_of_day: z.boolean().default(true),
    /** Words in one place that are still kinds of messages, not values. */
    variants: z.int().min(1).max(50).default(4),
    /** Templates remembered of a source; the one unseen for longest goes first. */
    max_templates: z.int().min(10).max(20_000).default(500),
    /** Sources remembered in each partition. */
    max_sources: z.int().min(1).max(10_000).default(100),
    /** Words besides the built-in ones that findings may show; no names of people. */
    show_words: z
      .array(z.string().regex(/^[\p{L}_.-]{1,64}$/u))
      .max(2_000)
      .default([]),
  })
  .meta({ id: 'TemplateDetectorSettings' });
export type TemplateSettings = z.infer<typeof templateSettingsSchema>;

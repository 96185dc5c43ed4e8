import { deadLetterTopic, retentionDays, topicPolicySchema } from '@sdp/shared/messaging';
import { z } from 'zod';
import { topicCleanups, topicCompressions } from './topic-spec.ts';

const days = z.int().min(1).max(3_650);
const partitions = z.int().min(1).max(1_000);
const replication = z.union([z.literal('broker'), z.int().min(1).max(100)], {
  error: 'must be broker, or a number from 1 to 100',
});

/** What the bus is told of a topic; the rest of an entry is its policy. */
const keeping = {
  partitions: partitions.optional(),
  replication: replication.optional(),
  min_insync_replicas: z.int().min(1).max(100).optional(),
  retention_days: days.optional(),
  dead_letter_retention_days: days.optional(),
  cleanup: z.enum(topicCleanups).optional(),
  compression: z.enum(topicCompressions).optional(),
  max_message_bytes: z
    .int()
    .min(1_024)
    .max(100 * 1_048_576)
    .optional(),
};
export const keepingSchema = z.object(keeping);
export type Keeping = z.output<typeof keepingSchema>;
const keepingNames = Object.keys(keeping);

const defaultsSchema = z.strictObject({
  partitions,
  replication: replication.default('broker'),
  min_insync_replicas: keeping.min_insync_replicas,
  retention_days: days,
  dead_letter_retention_days: keeping.dead_letter_retention_days,
  cleanup: z.enum(topicCleanups).default('delete'),
  compression: z.enum(topicCompressions).default('producer'),
  max_message_bytes: keeping.max_message_bytes,
});
export type KeepingDefaults = z.output<typeof defaultsSchema>;

const entrySchema = z
  .looseObject({})
  .transform((entry) => {
    const isOfKeeping = ([name]: [string, unknown]) => keepingNames.includes(name);
    const parts = Object.entries(entry);
    return {
      keeping: Object.fromEntries(parts.filter(isOfKeeping)),
      policy: Object.fromEntries(parts.filter((part) => !isOfKeeping(part))),
    };
  })
  .pipe(z.object({ keeping: keepingSchema, policy: topicPolicySchema }));

/** The file `topics.yml`; an entry whose topic ends with `*` is a policy alone. */
export const topicsFileSchema = z
  .strictObject({ version: z.literal(1), defaults: defaultsSchema, topics: z.array(entrySchema).min(1) })
  .superRefine(({ defaults, topics }, context) => {
    const seen = new Set<string>();
    for (const [index, { keeping: own, policy }] of topics.entries()) {
      const complain = (name: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['topics', index, name], message });
      if (seen.has(policy.topic)) complain('topic', 'stands there twice');
      seen.add(policy.topic);
      if (policy.topic.endsWith(deadLetterTopic(''))) complain('topic', 'is made with its topic: leave it out');
      if (policy.topic.endsWith('*')) {
        for (const name of Object.keys(own))
          complain(name, 'is nothing for the beginning of a name: it makes no topic');
        continue;
      }
      const most = retentionDays[policy.retention_class];
      const kept = { ...defaults, ...own };
      const keptDays = own.retention_days ?? defaults.retention_days;
      if (keptDays > most) complain('retention_days', `must be at most ${most} by the retention class`);
      if ((kept.dead_letter_retention_days ?? 0) > most)
        complain('dead_letter_retention_days', `must be at most ${most} by the retention class`);
      if (kept.cleanup === 'compact' && policy.retention_class !== 'long')
        complain('cleanup', 'keeps messages without end, which only the retention class long allows');
      if (typeof kept.replication === 'number' && (kept.min_insync_replicas ?? 0) > kept.replication)
        complain('min_insync_replicas', 'must not be more than replication');
    }
  });
export type TopicsFile = z.output<typeof topicsFileSchema>;

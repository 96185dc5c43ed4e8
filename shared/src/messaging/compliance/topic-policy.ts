import { z } from 'zod';

const fieldPath = z.string().regex(/^(\*|[A-Za-z_][\w-]*)(\.(\*|[A-Za-z_][\w-]*))*$/, 'must be names joined by dots');
const topicPattern = z.string().regex(/^[a-z0-9._-]+\*?$/, 'must be a topic, or the beginning of its name and *');

/**
 * What holds for the messages of a topic. `fields` are dotted paths with `*` for any one name or index; what they lead to must
 * be a `token` (or a keyed hash), be `masked`, or be `absent`.
 */
export const topicPolicySchema = z
  .strictObject({
    topic: topicPattern,
    encryption: z.enum(['required', 'optional']).default('required'),
    data_class: z.enum(['public', 'internal', 'confidential', 'restricted']),
    regulations: z.array(z.enum(['GDPR', 'PCI_DSS', 'SOX'])).default([]),
    /** Days for which messages of the class may lie in the topic: `short` 7, `standard` 90, `long` 3,650. */
    retention_class: z.enum(['short', 'standard', 'long']).default('standard'),
    signatures: z
      .array(z.enum(['hmac-sha256', 'ed25519', 'ed25519-merkle']))
      .min(1)
      .optional(),
    fields: z.record(fieldPath, z.enum(['token', 'masked', 'absent'])).default({}),
  })
  .refine((policy) => policy.encryption === 'required' || !mustBeSealed(policy), {
    path: ['encryption'],
    message: 'must be required where data is confidential or restricted, or under a regulation',
  });
export type TopicPolicy = z.output<typeof topicPolicySchema>;
export type FieldRule = TopicPolicy['fields'][string];

export const retentionDays: Readonly<Record<TopicPolicy['retention_class'], number>> = {
  short: 7,
  standard: 90,
  long: 3_650,
};

function mustBeSealed({ data_class, regulations }: { data_class: string; regulations: readonly string[] }): boolean {
  return data_class === 'confidential' || data_class === 'restricted' || regulations.length > 0;
}

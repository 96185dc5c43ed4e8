import { z } from 'zod';

const version = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/);

export const deploymentKinds = ['first', 'promote', 'withdraw', 'rollback', 'automatic-rollback'] as const;

/** `model.updates`, contract `model.deployment`: which models decide from now on. The highest generation holds. */
export const modelDeploymentSchema = z
  .strictObject({
    generation: z.int().min(1),
    champion: version,
    /** Decides on its share instead of the champion. */
    challenger: z.strictObject({ version, share: z.number().gt(0).lt(1) }).optional(),
    /** Is asked about all and decides on none. */
    shadow: version.optional(),
    /** Of the split between champion and challenger: it stays as long as the challenger does. */
    salt: z.string().regex(/^[0-9a-f]{32}$/),
    /** Generation that a rollback goes back to; the first one has none. */
    rollback_to: z.int().min(1).optional(),
    kind: z.enum(deploymentKinds),
    /** Milliseconds since 1970 (UTC). */
    made_ms: z.int().min(0).max(8.64e15),
  })
  .meta({ id: 'ModelDeployment' });
export type ModelDeploymentEvent = z.infer<typeof modelDeploymentSchema>;

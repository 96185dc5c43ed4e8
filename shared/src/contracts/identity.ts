import { z } from 'zod';
import { clientIdSchema } from './batch.ts';

/** What people and keys may be. */
export const roleSchema = z
  .enum(['DataEngineer', 'DataAnalyst', 'SecurityAuditor', 'Client', 'Admin'])
  .meta({ id: 'Role' });

/** Bounds on one key, within what its role may do. */
export const scopeSchema = z
  .enum([
    'batches:write',
    'batches:read',
    'transactions:write',
    'transactions:read',
    'events:write',
    'events:read',
    'anomalies:read',
    'anomalies:handle',
    'alerts:read',
    'alerts:manage',
    'vault:copy',
    'records:propose',
    'records:write',
    'audit:read',
    'identity:manage',
  ])
  .meta({ id: 'Scope' });

/** Clients whose data staff may see; `*` for all, those to come included. */
export const tenantsSchema = z.union([z.literal('*'), z.array(clientIdSchema).min(1).max(1_000)]);

/** By which a user signs in; upper and lower case count as the same. An e-mail address will do. */
export const userNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{1,99}$/, 'letters, digits and . _ @ + -, 2 to 100');

const passwordSchema = z.string().min(1).max(1_024);
const codeSchema = z.string().min(6).max(40);

/** Whose: a Client's one, or for staff some or all. */
const ownerShape = {
  role: roleSchema,
  client_id: clientIdSchema.optional().meta({ description: 'For the role Client' }),
  tenants: tenantsSchema.optional().meta({ description: 'For every other role' }),
};

export const signInSchema = z.strictObject({
  name: z.string().min(1).max(200),
  password: passwordSchema,
  code: codeSchema.optional().meta({ description: 'Of the authenticator, or a recovery code' }),
  new_password: passwordSchema.optional().meta({ description: 'Where the present one was given by somebody else' }),
});

export const sessionSchema = z.object({
  kind: z.enum(['user', 'key']),
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  client_id: clientIdSchema.nullable(),
  tenants: z.union([z.literal('*'), z.array(z.string())]),
  permissions: z.array(z.string()),
  csrf_token: z.string().nullable().meta({ description: 'For the header X-CSRF-Token; null with a key' }),
});
export type SessionView = z.infer<typeof sessionSchema>;

export const passwordChangeSchema = z.strictObject({ password: passwordSchema, new_password: passwordSchema });

export const secondFactorSecretSchema = z.object({
  secret: z.string().meta({ description: 'In base 32, to be typed' }),
  uri: z.string().meta({ description: 'otpauth://, to be shown as a QR code' }),
});
export const secondFactorCodeSchema = z.strictObject({ code: z.string().regex(/^\d{6}$/, 'six digits') });
export const recoveryCodesSchema = z.object({ recovery_codes: z.array(z.string()) });
export const secondFactorRemovalSchema = z.strictObject({ password: passwordSchema, code: codeSchema });

export const userSchema = z
  .object({
    user_id: z.uuid(),
    name: z.string(),
    role: roleSchema,
    client_id: clientIdSchema.nullable(),
    tenants: z.union([z.literal('*'), z.array(z.string())]),
    state: z.enum(['active', 'disabled']),
    has_password: z.boolean(),
    has_second_factor: z.boolean(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'User' });
export type UserView = z.infer<typeof userSchema>;
export const userListSchema = z.object({ users: z.array(userSchema), next_cursor: z.string().nullable() });
export type UserList = z.infer<typeof userListSchema>;

export const newUserSchema = z.strictObject({
  name: userNameSchema,
  ...ownerShape,
  password: passwordSchema.optional().meta({ description: 'To begin with; none for those who sign in elsewhere' }),
});
/** A role comes with its client or tenants. */
export const userChangeSchema = z.strictObject({
  ...ownerShape,
  role: roleSchema.optional(),
  state: z.enum(['active', 'disabled']).optional(),
});
export const newPasswordSchema = z.strictObject({ password: passwordSchema });

export const apiKeySchema = z
  .object({
    key_id: z.string(),
    label: z.string(),
    role: roleSchema,
    client_id: clientIdSchema.nullable(),
    tenants: z.union([z.literal('*'), z.array(z.string())]),
    scopes: z.array(scopeSchema),
    allow_declared_safe: z.boolean(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.infer<typeof apiKeySchema>;
export const apiKeyListSchema = z.object({ keys: z.array(apiKeySchema) });
export type ApiKeyList = z.infer<typeof apiKeyListSchema>;

export const newApiKeySchema = z.strictObject({
  ...ownerShape,
  label: z.string().max(200).default(''),
  scopes: z
    .array(scopeSchema)
    .optional()
    .meta({ description: 'All but vault:copy that the role can use, where left out' }),
  allow_declared_safe: z.boolean().default(false),
  expires_at: z.iso.datetime().optional(),
});
export const madeApiKeySchema = z.object({
  key_id: z.string(),
  api_key: z.string().meta({ description: 'Shown this once' }),
});

import { z } from 'zod';
import { wholeNumber } from './environment.ts';

function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));
}

/** Variables of sessions, and of how browsers reach the server. */
export const sessionVariables = {
  /** By which browsers reach the server, where a proxy stands before it: scheme and host alone. */
  SDP_PUBLIC_URL: z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
      'must be an http or https address',
    )
    .refine((text) => !URL.canParse(text) || new URL(text).origin === text.replace(/\/$/, ''), 'must have no path')
    .transform((text) => text.replace(/\/$/, ''))
    .optional(),
  /** A provider of OpenID Connect that people may sign in with; needs SDP_PUBLIC_URL. */
  SDP_OIDC_ISSUER: z.string().refine(isIssuer, 'must be an https address, or http on this machine').optional(),
  SDP_OIDC_CLIENT_ID: z.string().max(500).optional(),
  SDP_OIDC_CLIENT_SECRET: z.string().max(2_000).optional(),
  /** By which the provider says what the user is called here. */
  SDP_OIDC_NAME_CLAIM: z
    .string()
    .regex(/^[A-Za-z0-9_.:/-]{1,200}$/, 'must be the name of a claim')
    .default('email'),
  SDP_SESSION_IDLE_MINUTES: wholeNumber(30, 1, 1_440),
  SDP_SESSION_MAX_HOURS: wholeNumber(12, 1, 168),
};

export interface SessionSettings {
  readonly idleMinutes: number;
  readonly maxHours: number;
  /** E.g. `https://sdp.example.org`. */
  readonly publicOrigin?: string;
  readonly oidc?: {
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: string | undefined;
    readonly nameClaim: string;
  };
}

export function sessionSettings(variables: z.output<z.ZodObject<typeof sessionVariables>>): SessionSettings {
  const { SDP_OIDC_ISSUER: issuer, SDP_OIDC_CLIENT_ID: clientId } = variables;
  return {
    idleMinutes: variables.SDP_SESSION_IDLE_MINUTES,
    maxHours: variables.SDP_SESSION_MAX_HOURS,
    ...(variables.SDP_PUBLIC_URL !== undefined && { publicOrigin: variables.SDP_PUBLIC_URL }),
    ...(issuer !== undefined &&
      clientId !== undefined && {
        oidc: {
          ...{ issuer, clientId },
          clientSecret: variables.SDP_OIDC_CLIENT_SECRET,
          nameClaim: variables.SDP_OIDC_NAME_CLAIM,
        },
      }),
  };
}

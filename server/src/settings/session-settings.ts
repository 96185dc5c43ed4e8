import { z } from 'zod';
import { wholeNumber } from './environment.ts';

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
  SDP_SESSION_IDLE_MINUTES: wholeNumber(30, 1, 1_440),
  SDP_SESSION_MAX_HOURS: wholeNumber(12, 1, 168),
};

export interface SessionSettings {
  readonly idleMinutes: number;
  readonly maxHours: number;
  /** E.g. `https://sdp.example.org`. */
  readonly publicOrigin?: string;
}

export function sessionSettings(variables: z.output<z.ZodObject<typeof sessionVariables>>): SessionSettings {
  return {
    idleMinutes: variables.SDP_SESSION_IDLE_MINUTES,
    maxHours: variables.SDP_SESSION_MAX_HOURS,
    ...(variables.SDP_PUBLIC_URL !== undefined && { publicOrigin: variables.SDP_PUBLIC_URL }),
  };
}

import type { EventType } from '@sdp/shared/contracts';
import type { EventConfig } from '../../config/index.ts';
import type { Vault } from '../../vault/index.ts';

/** Whether identifiers in texts are replaced by tokens, or have the event refused. */
export const textModes = ['tokenize', 'refuse'] as const;
export type TextMode = (typeof textModes)[number];

export interface TreatmentOptions {
  readonly vault: Vault;
  readonly config?: EventConfig | undefined;
  /** Of events that don't say it. */
  readonly type?: EventType | undefined;
  readonly text: TextMode;
  /** Brings events within the bounds of the contract instead of refusing them. */
  readonly fit?: boolean;
  /** Takes times without an offset for UTC. */
  readonly assumeUtc?: boolean;
  /** Country in which telephone numbers without a country code are read. */
  readonly region?: string | undefined;
  /** Whether what stands under a name of `attributes` or `tags` becomes a token as a whole. */
  readonly isPersonal?: ((name: string) => boolean) | undefined;
}

/** Where tokens live unless a configuration names a table of its own. */
export const defaultSourceTable = 'events';

/** From the mildest to the gravest. */
export const alertLevels = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type AlertLevel = (typeof alertLevels)[number];

/** Client of alerts that are the server's own. No client id can be this. */
export const ownClient = '*';

/** What people are to be told of. Nothing raw stands in it. */
export interface Alert {
  readonly alertId: string;
  /** {@link ownClient} where it is nobody's. */
  readonly clientId: string;
  /** What raised it: a detector's finding, or the server itself. */
  readonly kind: string;
  /** The rule or the kind of finding: what routes go by. */
  readonly type: string;
  readonly level: AlertLevel;
  readonly title: string;
  readonly message: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, number>>;
  /** Where more is to be found. */
  readonly anomalyId: string | undefined;
  readonly at: Date;
}

/** 0 for the mildest. */
export function gravity(level: AlertLevel): number {
  return alertLevels.indexOf(level);
}

/** The gravest of some; INFO of none. */
export function gravest(levels: Iterable<AlertLevel>): AlertLevel {
  let found: AlertLevel = 'INFO';
  for (const level of levels) if (gravity(level) > gravity(found)) found = level;
  return found;
}

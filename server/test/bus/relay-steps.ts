import type { BusAddress } from './bus-address.ts';

/** Steps of the outbox relay between which it can be killed. */
export const relaySteps = ['before publishing', 'between publishing and deleting', 'after deleting'] as const;
export type RelayStep = (typeof relaySteps)[number];

/** A relay that is killed when it reaches a step for the second time: the first round is through, the second is not. */
export interface DoomedRelay {
  readonly address: BusAddress;
  readonly dsn: string;
  readonly dieAt: RelayStep;
}

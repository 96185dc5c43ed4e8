import type { DraftEvent } from '../events/index.ts';

/** An event made of a part of a request. */
export interface RequestEvent {
  readonly event: DraftEvent;
  /** Of what it is made of in the request; missing where that has no time of its own, and may come again as another. */
  readonly position?: string;
  /** Log records or data points that it stands for. */
  readonly items: number;
}

export interface RequestEvents {
  readonly events: readonly RequestEvent[];
  /** Items without a number that an event could hold. */
  readonly unusable: number;
}

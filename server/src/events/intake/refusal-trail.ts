import type { AuditActor, AuditEntry } from '../../audit/index.ts';

export interface RefusalTrailOptions {
  readonly record: (entry: AuditEntry) => Promise<void>;
  /** A line that could not be written. */
  readonly onFailed: () => void;
  /** Of one key at most one line in so long; a minute where left out. */
  readonly everyMs?: number;
  readonly now?: () => number;
}

export interface Refused {
  readonly actor: AuditActor;
  readonly clientId: string;
  /** Kind of personal data that was found first. */
  readonly detector: string;
  /** Fields of the request in which there was any. */
  readonly fields: number;
}

interface Sum {
  readonly writtenAt: number;
  requests: number;
  fields: number;
}

/**
 * What the firewall refused stands in the audit trail: how much and of what kind, never where from or what. A sender that keeps
 * trying has one line a minute, which says how many requests there were since the one before.
 */
export class RefusalTrail {
  readonly #options: RefusalTrailOptions;
  readonly #sums = new Map<string, Sum>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: RefusalTrailOptions) {
    this.#options = options;
  }

  note({ actor, clientId, detector, fields }: Refused): void {
    const { record, onFailed, everyMs = 60_000, now = () => performance.now() } = this.#options;
    const sum = this.#sums.get(actor.id) ?? { writtenAt: Number.NEGATIVE_INFINITY, requests: 0, fields: 0 };
    sum.requests += 1;
    sum.fields += fields;
    this.#sums.set(actor.id, sum);
    if (now() - sum.writtenAt < everyMs) return;
    this.#sums.set(actor.id, { writtenAt: now(), requests: 0, fields: 0 });
    const detail = { detector, columns: sum.fields, requests: sum.requests };
    const writing = record({ actor, action: 'upload.refused', subject: clientId, clientId, detail })
      .catch(onFailed)
      .finally(() => this.#underWay.delete(writing));
    this.#underWay.add(writing);
  }

  /** Resolves once all lines are written, or could not be. */
  async drained(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}

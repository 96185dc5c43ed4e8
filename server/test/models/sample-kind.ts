import { hash } from 'node:crypto';
import type { ModelKind, ModelScore, ServedModel } from '../../src/models/index.ts';

export interface SampleInput {
  readonly id: string;
}

export interface SampleScore extends ModelScore {
  readonly version: string;
}

/** What a model of {@link SampleKind} does when it is told to misbehave. */
export interface Misbehaviour {
  readonly throws?: boolean;
  /** Of the transactions for which it holds. */
  readonly notANumber?: (input: SampleInput) => boolean;
  readonly delayMs?: number;
}

/** The score that a version gives, worked out again by whoever wants to check it. */
export function sampleScore(version: string, { id }: SampleInput): number {
  return hash('sha256', `${version} ${id}`, 'buffer').readUInt32BE() / 2 ** 32;
}

/** Models whose scores tell which version gave them; opened and closed ones are counted. */
export class SampleKind implements ModelKind<SampleInput, SampleScore> {
  readonly featureSetId: string = 'fraud-v1';
  readonly probes: readonly SampleInput[] = [{ id: 'probe-1' }, { id: 'probe-2' }];
  readonly misbehaviour = new Map<string, Misbehaviour>();
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  /** Versions that can't be opened. */
  readonly broken = new Set<string>();
  scoredAfterClose = 0;

  async open(files: ReadonlyMap<string, Uint8Array>): Promise<ServedModel<SampleInput, SampleScore>> {
    const { version, feature_set: featureSetId } = JSON.parse(
      Buffer.from(files.get('ensemble.json') ?? []).toString('utf8'),
    ) as { version: string; feature_set: string };
    if (this.broken.has(version)) throw new Error('this one is broken');
    this.opened.push(version);
    let isOpen = true;
    return {
      version,
      featureSetId,
      score: async (batch) => {
        const { throws, notANumber, delayMs } = this.misbehaviour.get(version) ?? {};
        await new Promise((resolve) => (delayMs === undefined ? setImmediate(resolve) : setTimeout(resolve, delayMs)));
        if (!isOpen) this.scoredAfterClose++;
        if (throws && !batch.every(({ id }) => id.startsWith('probe'))) throw new Error('injected');
        return batch.map((input) => ({
          score: notANumber?.(input) ? Number.NaN : sampleScore(version, input),
          decision: 'APPROVE' as const,
          version,
        }));
      },
      close: async () => {
        isOpen = false;
        this.closed.push(version);
      },
    };
  }
}

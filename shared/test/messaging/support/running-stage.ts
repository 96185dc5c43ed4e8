import {
  SecureStage,
  type SecureStageOptions,
  SecurityManager,
  type StageBus,
  type StageMessage,
  type StagePlan,
  type StageWork,
} from '@sdp/shared/messaging';
import { type Counted, countedContract, quickRetry, type Recorded, recording, sampleRing } from './secure-pair.ts';

export interface RunningStage extends Recorded {
  readonly stage: SecureStage;
  /** What reached the handler, batch by batch. */
  readonly batches: (readonly StageMessage<Counted>[])[];
  readonly handled: () => number[];
  readonly letters: string[];
}

/** Sends each event on to `to`, under its own id and `:next`. */
export function passOn(to: string): (messages: readonly StageMessage<Counted>[]) => StageWork {
  return (messages) => ({
    outputs: [
      {
        topic: to,
        sendings: messages.map(({ key, eventId, tenant, payload, trace }) => ({
          ...{ key, tenant, payload, trace, contract: countedContract, eventId: `${eventId}:next` },
        })),
      },
    ],
  });
}

export async function runningStage(
  bus: StageBus,
  topic: string,
  more: { plan?: Partial<StagePlan<Counted>>; options?: Partial<SecureStageOptions> } = {},
): Promise<RunningStage> {
  const { audit, counts, ports } = recording();
  const security = new SecurityManager({ keys: sampleRing() });
  const stage = new SecureStage({ bus, group: `stage.${topic}`, security, ...ports, ...more.options });
  const batches: (readonly StageMessage<Counted>[])[] = [];
  const letters: string[] = [];
  stage.on('deadLetter', ({ reason }) => void letters.push(reason.code));
  const handle = more.plan?.handle ?? (async () => ({}));
  await stage.run<Counted>({
    topic,
    contracts: [countedContract],
    retry: quickRetry,
    ...more.plan,
    handle: async (messages, signal) => {
      const work = await handle(messages, signal);
      batches.push(messages);
      return work;
    },
  });
  return { stage, batches, handled: () => batches.flat().map(({ payload }) => payload.n), letters, audit, counts };
}

import type { BusMessage, Consumer } from '../bus-port.ts';
import { type GenuineMessage, openMessage, toGenuineMessage } from '../consumer/index.ts';
import type { PayloadContract } from '../contracts/index.ts';
import { PoisonError } from '../poison-error.ts';
import type { StageBus } from '../stage-port.ts';
import type { SecureStageOptions } from './secure-stage.ts';

export interface SecureTailOptions
  extends Pick<SecureStageOptions, 'security' | 'compliance' | 'access' | 'tenants' | 'staleAfterMs' | 'clockSkewMs'> {
  readonly bus: StageBus;
  readonly topic: string;
  readonly contracts: readonly PayloadContract[];
  /** Whether it is worth opening, by what it claims to be: nothing may be believed of it yet. All are where left out. */
  readonly isWanted?: (message: BusMessage) => boolean;
  /** Genuine messages, in order within each partition. One that came before may come again. */
  readonly onMessage: (message: GenuineMessage) => void;
  /** A message that is not believed: it is passed over, its consumers put it into the dead letters. */
  readonly onRefused: (code: string) => void;
}

/**
 * Follows a topic from now on without a group, and shows what is genuine in it.
 *
 * @throws {RejectedError} `topic-forbidden`, `policy-violated`
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function startSecureTail(options: SecureTailOptions): Promise<Consumer> {
  const { bus, topic, contracts, isWanted, onMessage, onRefused, security, access, compliance } = options;
  access?.assertAllowed(security.keys.party, 'READ', topic);
  compliance?.policyOf(topic);
  const { staleAfterMs = 300_000, clockSkewMs = 60_000 } = options;
  const rules = { ...options, contracts, staleAfterMs, clockSkewMs };
  return bus.tail(topic, (messages) => {
    for (const message of messages) {
      if (isWanted !== undefined && !isWanted(message)) continue;
      try {
        onMessage(toGenuineMessage(message, openMessage(rules, message)));
      } catch (error) {
        if (!(error instanceof PoisonError)) throw error;
        onRefused(error.code);
      }
    }
  });
}

import type { AnomalyChanged } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { onlyTenants, type Pool } from '../../database/index.ts';
import type { Tenants } from '../../identity/index.ts';
import {
  type StreamFeed,
  type StreamItem,
  type StreamPage,
  type StreamStart,
  StreamTail,
  TailWatch,
} from '../../live-streams/index.ts';
import { changeEnd, highestNumber, type NumberedChange, numberChanges, readChanges } from './anomaly-changes.ts';

export interface ChangeFeedOptions {
  readonly pool: Pool;
  /** Called once when the database can't be read, until it can again. */
  readonly onFailed: (error: unknown) => void;
}

/** Which changes a stream shows; whatever is left out lets all through. */
export interface ChangeFilter {
  readonly client_id?: string | undefined;
  readonly type?: string | undefined;
  readonly level?: string | undefined;
  readonly user_id?: string | undefined;
  /** To which the anomaly came. */
  readonly state?: string | undefined;
}

const pageChanges = 200;
const position = /^\d{1,18}$/;

/** Changes of anomalies for live streams. Whichever API process comes first numbers those that are new. */
export class ChangeFeed implements StreamFeed<ChangeFilter> {
  readonly #pool: Pool;
  readonly #watch: TailWatch<NumberedChange>;

  constructor({ pool, onFailed }: ChangeFeedOptions) {
    this.#pool = pool;
    this.#watch = new TailWatch({
      onFailed,
      look: async () => {
        const { last, isBehind } = await changeEnd(pool);
        return isBehind && (await numberChanges(pool)) > 0 ? (await changeEnd(pool)).last : last;
      },
      tailOf: (tenants) =>
        new StreamTail({
          read: (after, upTo) => readChanges(onlyTenants(pool, tenants), tenants, after, upTo, pageChanges),
          sizeOf: ({ json }) => json.length,
        }),
    });
  }

  /** @throws {InputError} `request-invalid` for a position that isn't of this database */
  async begin(tenants: Tenants, after: string | undefined, filter: ChangeFilter): Promise<StreamStart> {
    return {
      position: await this.#positionOf(after),
      follow: (wake) => {
        const { tail, stop } = this.#watch.follow(tenants, wake);
        return {
          stop,
          after: async (id): Promise<StreamPage> => {
            const page = await tail.after(BigInt(id));
            return {
              items: page.items.filter(({ changed }) => passes(changed, filter)).map(itemOf),
              position: page.position.toString(),
              isLast: tail.end === undefined || page.position >= tail.end,
            };
          },
        };
      },
    };
  }

  close(): Promise<void> {
    return this.#watch.close();
  }

  async #positionOf(given: string | undefined): Promise<string> {
    if (given === undefined) return (await changeEnd(this.#pool)).last.toString();
    if (position.test(given) && BigInt(given) <= (await highestNumber(this.#pool))) return given;
    throw new InputError('request-invalid', {
      details: { findings: [{ field: 'Last-Event-ID', message: 'must be the id of an event of this stream' }] },
    });
  }
}

function itemOf({ seq, json }: NumberedChange): StreamItem {
  return { id: seq.toString(), event: 'anomaly', json };
}

function passes({ anomaly, change }: AnomalyChanged, filter: ChangeFilter): boolean {
  const { client_id, type, level, user_id, state } = filter;
  return (
    (client_id === undefined || anomaly.client_id === client_id) &&
    (type === undefined || anomaly.alert_type === type) &&
    (level === undefined || anomaly.alert_level === level) &&
    (user_id === undefined || anomaly.user_id === user_id) &&
    (state === undefined || change.to === state)
  );
}

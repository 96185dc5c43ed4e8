import { isDeepStrictEqual } from 'node:util';
import { ChannelLoop, type ChannelLoopOptions } from './channel-loop.ts';
import type { Channel } from './channels/channel.ts';
import { createChannel } from './channels/create-channel.ts';
import type { LoadedAlerts, OpenedChannel } from './load-alerts.ts';
import { releaseChannel } from './store/channel-lease.ts';

export type ChannelLoopsOptions = Omit<ChannelLoopOptions, 'serving' | 'after'>;

/** What a file of alerts says, as those need it who go by it. */
export interface AlertsInForce {
  readonly config: LoadedAlerts['config'];
  /** Channels that are there. */
  readonly channels: ReadonlySet<string>;
  /** Channels that are told what becomes of what they were told of. */
  readonly updated: ReadonlySet<string>;
  /** Channels of the outermost route. */
  readonly heirs: readonly string[];
}

interface Running {
  readonly opened: OpenedChannel;
  readonly sender: Channel;
  readonly loop: ChannelLoop;
}

/** After a channel was removed others may still be serving it for so long, by the file that they had. */
const removalMs = 600_000;
/** A send that is under way ends by itself in the channel's own time. */
const graceMs = 1_000;

/** The channels that this process serves: those of the file in force, whatever it was before. */
export class ChannelLoops {
  readonly #options: ChannelLoopsOptions;
  readonly #running = new Map<string, Running>();
  readonly #closing = new Map<string, Promise<void>>();
  readonly #removedAt = new Map<string, number>();
  #inForce: AlertsInForce;

  constructor(options: ChannelLoopsOptions, alerts: LoadedAlerts) {
    this.#options = options;
    this.#inForce = this.use(alerts);
  }

  get inForce(): AlertsInForce {
    return this.#inForce;
  }

  /** Channels that were in the file a short while ago; of those that are over nothing is under way any longer in this process. */
  get removed(): { readonly name: string; readonly isOver: boolean }[] {
    for (const [name, at] of this.#removedAt) {
      if (performance.now() - at > removalMs) this.#removedAt.delete(name);
    }
    return [...this.#removedAt.keys()].map((name) => ({ name, isOver: !this.#closing.has(name) }));
  }

  /** Goes on by another file: channels that are as they were go on undisturbed, and what is under way ends as it began. */
  use({ config, channels }: LoadedAlerts): AlertsInForce {
    const names = channels.map((opened) => opened.config.name);
    const known = new Set(names);
    const inForce: AlertsInForce = {
      config,
      channels: known,
      updated: new Set(channels.filter((opened) => opened.config.sendsUpdates).map((opened) => opened.config.name)),
      heirs: config.route.channels.filter((name) => known.has(name)),
    };
    this.#inForce = inForce;
    for (const name of [...this.#running.keys()].filter((each) => !known.has(each))) this.#remove(name);
    for (const opened of channels) this.#serve(opened, inForce);
    this.#options.metrics.serves(names);
    return inForce;
  }

  wake(): void {
    for (const { loop } of this.#running.values()) loop.wake();
  }

  async close(deadlineMs: number): Promise<void> {
    const loops = [...this.#running.values()].map(({ loop }) => loop.close(deadlineMs));
    await Promise.all([...loops, ...this.#closing.values()]);
  }

  #serve(opened: OpenedChannel, inForce: AlertsInForce): void {
    const { name } = opened.config;
    this.#removedAt.delete(name);
    const last = this.#running.get(name);
    const sender = last && isDeepStrictEqual(last.opened, opened) ? last.sender : createChannel(opened);
    const serving = { ...inForce, channel: opened.config, sender };
    if (last === undefined) {
      const loop = new ChannelLoop({ ...this.#options, serving, after: this.#closing.get(name) });
      this.#running.set(name, { opened, sender, loop });
      return;
    }
    last.loop.use(serving, !isDeepStrictEqual(targetOf(last.opened), targetOf(opened)));
    this.#running.set(name, { opened, sender, loop: last.loop });
  }

  #remove(name: string): void {
    const { loop, opened } = this.#running.get(name) as Running;
    this.#running.delete(name);
    this.#removedAt.set(name, performance.now());
    const { pool, owner } = this.#options;
    const closing = loop
      .close(opened.config.timeoutMs + graceMs)
      .then(() => releaseChannel(pool, name, owner))
      // Its lease runs out then.
      .catch(() => undefined)
      .finally(() => {
        if (this.#closing.get(name) === closing) this.#closing.delete(name);
      });
    this.#closing.set(name, closing);
  }
}

/** Where a channel leads, without how much it is told and how fast. */
function targetOf({ config, secrets, authorities }: OpenedChannel): object {
  const {
    rateLimit: _1,
    maxInFlight: _2,
    timeoutMs: _3,
    fallback: _4,
    sendsUpdates: _5,
    isOptional: _6,
    ...rest
  } = config;
  return { rest, secrets, authorities };
}

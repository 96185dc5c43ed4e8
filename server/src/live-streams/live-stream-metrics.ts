import { Counter, Gauge, type Registry } from 'prom-client';
import { type EndCode, endCodes } from './stream-sink.ts';

export const streamKinds = ['anomalies', 'events'] as const;
export type StreamKind = (typeof streamKinds)[number];

/** Figures of live streams, of all kinds together. */
export interface LiveStreamMetrics {
  /** Asked at every scrape. */
  watchOpen(stream: StreamKind, open: () => number): void;
  sent(stream: StreamKind, items: number): void;
  ended(stream: StreamKind, reason: EndCode | 'left'): void;
}

export function createLiveStreamMetrics(registry: Registry): LiveStreamMetrics {
  const registers = [registry];
  const watched = new Map<StreamKind, () => number>();
  new Gauge({
    name: 'sdp_live_streams',
    help: 'Live streams that are open',
    labelNames: ['stream'] as const,
    registers,
    collect() {
      for (const [stream, open] of watched) this.set({ stream }, open());
    },
  });
  const items = new Counter({
    name: 'sdp_live_stream_items_total',
    help: 'What live streams have shown',
    labelNames: ['stream'] as const,
    registers,
  });
  const ended = new Counter({
    name: 'sdp_live_streams_ended_total',
    help: 'Live streams that are over, by why: left by their client, or the reason that the client was told',
    labelNames: ['stream', 'reason'] as const,
    registers,
  });
  for (const stream of streamKinds) {
    items.inc({ stream }, 0);
    for (const reason of ['left', ...endCodes] as const) ended.inc({ stream, reason }, 0);
  }
  return {
    watchOpen: (stream, open) => void watched.set(stream, open),
    sent: (stream, count) => items.inc({ stream }, count),
    ended: (stream, reason) => ended.inc({ stream, reason }),
  };
}

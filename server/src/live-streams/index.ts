export { createLiveStreamMetrics, type LiveStreamMetrics } from './live-stream-metrics.ts';
export { type LiveStreamSettings, LiveStreams } from './live-streams.ts';
export type { StreamFeed, StreamPage, StreamSource, StreamStart } from './stream-feed.ts';
export type { StreamItem } from './stream-sink.ts';
export { StreamTail, type TailPage } from './stream-tail.ts';
export { TailWatch } from './tail-watch.ts';

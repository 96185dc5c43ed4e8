import type { AnomalyChanged } from '@sdp/shared/contracts';
import {
  eventsAt,
  type OpenReader as OpenReaderOf,
  type SeenItem,
  type StreamReader as StreamReaderOf,
  socketAt,
} from '../live-streams/stream-reader.ts';

export type SeenEvent = SeenItem<AnomalyChanged>;
export type StreamReader = StreamReaderOf<AnomalyChanged>;
export type OpenReader = OpenReaderOf<AnomalyChanged>;

const path = '/api/v1/anomalies/stream';
export const openEvents: OpenReader = eventsAt(path);
export const openSocket: OpenReader = socketAt(path);

import type { Tenants } from '../identity/index.ts';
import type { StreamItem } from './stream-sink.ts';

/** Items in their order, and how far that is. */
export interface StreamPage {
  /** Gone through once, at the client's pace. */
  readonly items: Iterable<StreamItem>;
  /** Id behind which to go on: everything up to it has been looked at, whether it is among the items or not. */
  readonly position: string;
  /** Whether there is nothing behind it at the moment. */
  readonly isLast: boolean;
}

/** What one stream reads, from its own place on. */
export interface StreamSource {
  /** Behind a position, as much as there is at hand; `forgotten` where some of it is no longer kept. */
  after(position: string): Promise<StreamPage | 'forgotten'>;
  stop(): void;
}

/** A place to begin at that is known to be right. */
export interface StreamStart {
  readonly position: string;
  /** @param wake called when there is more to read */
  follow(wake: () => void): StreamSource;
}

/** What streams of one kind read. */
export interface StreamFeed<F> {
  /**
   * @param after id of the last item that the client has seen; what comes from now on where it is left out
   * @throws {InputError} `request-invalid` for an id behind which the stream can't go on
   */
  begin(tenants: Tenants, after: string | undefined, filter: F): Promise<StreamStart>;
  close(): Promise<void>;
}

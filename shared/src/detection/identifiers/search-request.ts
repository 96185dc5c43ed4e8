import type { Announcements } from './announcements.ts';
import type { Definition } from './definition.ts';

/** What the searches of one call share. */
export interface SearchRequest {
  /** The caller named the kinds. */
  readonly named: boolean;
  readonly region: string | undefined;
  readonly announcements: Announcements;
  /** Announced by something outside the text. */
  readonly announced: ReadonlySet<Definition>;
}

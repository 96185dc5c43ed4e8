import type { Announcement, Announcements } from './announcements.ts';
import type { Candidate } from './candidate.ts';
import type { Definition } from './definition.ts';

/** What the searches of one call share. */
export interface SearchRequest {
  /** The caller named the kinds. */
  readonly named: boolean;
  /** A value that is all of its text counts by its form. */
  readonly alone: boolean;
  readonly region: string | undefined;
  readonly announcements: Announcements;
  /** Announced by something outside the text. */
  readonly announced: ReadonlySet<Definition>;
}

/** A text that is searched; what its words announce is worked out when somebody first asks. */
export class SearchedText {
  readonly text: string;
  readonly #announcements: Announcements;
  #found: readonly Announcement[] | undefined;

  constructor(text: string, announcements: Announcements) {
    this.text = text;
    this.#announcements = announcements;
  }

  get announcements(): readonly Announcement[] {
    this.#found ??= this.#announcements(this.text);
    return this.#found;
  }
}

/**
 * Prepares a search for forms that no layout of letters and digits describes. Undefined when none of its kinds is sought;
 * otherwise it adds what it finds to the candidates.
 */
export type ShapeSearch = (
  sought: readonly Definition[],
  request: SearchRequest,
) => ((searched: SearchedText, candidates: Candidate[]) => void) | undefined;

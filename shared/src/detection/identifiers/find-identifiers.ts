import { fold } from '../fold.ts';
import { bestWithoutOverlaps, type Candidate } from './candidate.ts';
import type { FindOptions, LocatedIdentifier } from './kind.ts';
import { searchFor } from './search.ts';

/** A character that {@link fold} may rewrite. Latin letters with accents, Greek, Cyrillic, kana and Han are none. */
const foldable = /[\u0080-\u00bf\u0660-\u303f\ua000-\uabff\ud7b0-\uffff]/;

/**
 * Identifiers in a text, in order of place and without overlaps: those whose form or checksum speaks for itself, and
 * those of a common form (nine digits) that the words around them announce. Works on prose and on log lines in any of
 * the languages that the kinds' words cover; digits of other scripts and fullwidth forms count as ASCII ones.
 *
 * Time grows linearly with the text. Names and addresses are not found: they have no form.
 */
export function findIdentifiers(text: string, options: FindOptions = {}): LocatedIdentifier[] {
  const escaped = text.includes('%40') || text.includes('&#') || text.includes('&commat;');
  const folded = escaped || foldable.test(text) ? fold(text) : undefined;
  const search = searchFor(options);
  if (folded === undefined) return bestWithoutOverlaps(search(text));
  return bestWithoutOverlaps(
    search(folded.text).map(
      (candidate): Candidate => ({
        ...candidate,
        start: folded.originalIndex(candidate.start),
        end: folded.originalIndex(candidate.end - 1) + 1,
      }),
    ),
  );
}

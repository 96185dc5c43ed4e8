import { fileAnchor } from './file-anchor.ts';
import type { HeadAnchor } from './head-anchor.ts';
import { type S3Place, s3Anchor } from './s3-anchor.ts';

/** Where heads are anchored: a file, or a bucket. */
export type AnchorPlace = { readonly file: string } | { readonly s3: S3Place };

export function openAnchor(place: AnchorPlace): HeadAnchor {
  return 'file' in place ? fileAnchor(place.file) : s3Anchor(place.s3);
}

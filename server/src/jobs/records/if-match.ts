import { RejectedError } from '@sdp/shared/errors';

/** The ETag of a version. */
export function versionTag(version: number): string {
  return `"v${version}"`;
}

const listPattern = /^\s*"[^"]*"(?:\s*,\s*"[^"]*")*\s*$/;

/**
 * The version that a request is based on, by its `If-Match` (RFC 9110, 13.1.1). `*` names none, and a weak tag never matches.
 *
 * @param current the record's latest version
 * @throws {RejectedError} `precondition-missing` (428), `version-outdated` (412)
 */
export function assertMatches(header: string | undefined, current: number): void {
  if (header === undefined || header.trim() === '' || header.trim() === '*') {
    throw new RejectedError('precondition-missing');
  }
  const tags: string[] = listPattern.test(header) ? (header.match(/"[^"]*"/g) ?? []) : [];
  if (!tags.includes(versionTag(current))) throw new RejectedError('version-outdated');
}

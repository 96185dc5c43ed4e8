import { type AnnouncedKind, announcedKind } from '@sdp/shared/detection';

const mostNames = 10_000;
const names = new Map<string, AnnouncedKind | undefined>();

/** What the name of a tag, attribute or metric says of its value; worked out once, since names come again and again. */
export function announcedBy(name: string): AnnouncedKind | undefined {
  if (names.has(name)) return names.get(name);
  const kind = announcedKind(name);
  if (names.size < mostNames) names.set(name, kind);
  return kind;
}

import { cursorInvalid } from './records/record-cursor.ts';

/** Where a page of things with a time and a UUID ended. */
export interface PagePosition {
  readonly at: Date;
  readonly id: string;
}

const positionPattern = /^(\d{1,15}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export function encodePage({ at, id }: PagePosition): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

/** @throws {InputError} `request-invalid` for anything that {@link encodePage} didn't make */
export function decodePage(text: string): PagePosition {
  const [, time = '', id] = positionPattern.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  const at = new Date(Number(time));
  if (id === undefined || Number.isNaN(at.getTime())) throw cursorInvalid();
  return { at, id };
}

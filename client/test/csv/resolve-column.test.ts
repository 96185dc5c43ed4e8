import { SdpError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { resolveColumns } from '../../src/csv/resolve-column.ts';

describe('a column that is not in the header', () => {
  it('is told with the name that was meant', () => {
    expect(findings(['id', 'email'], ['id', 'emial'])).toEqual(['no such column in the header; did you mean email?']);
  });

  it('is told with a name that differs in case or in white space', () => {
    expect(findings([' Email'], ['email'])).toEqual(['no such column in the header; did you mean " Email"?']);
  });

  it('is told without a cell of a file that has no header', () => {
    const [message = ''] = findings(['Emil', 'Weber'], ['email']);
    expect(message).toBe('no such column in the header; column 1 is spelled nearly so');
    expect(message).not.toContain('Emil');
  });

  it('may be an object whose fields were meant', () => {
    expect(findings(['person.name', 'person.email'], ['person'])).toEqual([
      'no such column in the header; it is an object: name its fields, each by its path',
    ]);
  });

  it('is told alone where nothing is near', () => {
    expect(findings(['id', 'email'], ['postal_code'])).toEqual(['no such column in the header']);
  });
});

function findings(header: readonly string[], names: readonly string[]): string[] {
  try {
    resolveColumns(header, names);
  } catch (error) {
    if (error instanceof SdpError) return (error.details.findings ?? []).map(({ message }) => message);
    throw error;
  }
  return [];
}

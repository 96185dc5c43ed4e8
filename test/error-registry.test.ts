import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, errorRegistry, exitStatus, httpStatusOf } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { renderErrorsPage } from '../scripts/docs/errors-page.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/errors.md'), 'utf8');

describe('error registry', () => {
  it('stands in docs/errors.md as it is (npm run docs writes it)', () => {
    expect(page).toBe(renderErrorsPage());
  });

  it('gives every code an exit status, an HTTP status and a remedy', () => {
    for (const [code, entry] of Object.entries(errorRegistry)) {
      expect(exitStatus[entry.kind], code).toBeGreaterThan(0);
      expect(httpStatusOf(code as ErrorCode), code).toBeGreaterThanOrEqual(400);
      expect(entry.remedy, code).toMatch(/\.$/);
      expect(entry.title, code).not.toMatch(/\.$/);
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    }
  });
});

import { expect } from 'vitest';
import { type ErrorCode, errorRegistry, exitStatus } from '../../shared/src/errors/index.ts';
import type { ProgramRun } from './run-program.ts';

/** An error as STYLE asks for it: the status of its kind, what happened, what to do next, and no stack. */
export function expectError(run: ProgramRun, code: ErrorCode): void {
  const { kind } = errorRegistry[code];
  expect(run.stderr).toMatch(/^sdp: error: \S.*$/m);
  expect(run.stderr).toMatch(/^sdp: hint: \S.*$/m);
  expect(run.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  expect({ status: run.status, stdout: run.stdout }).toEqual({ status: exitStatus[kind], stdout: '' });
}

/** The same with `--json`: one object on stdout, whose code can be checked too. */
export function expectJsonError(run: ProgramRun, code: ErrorCode): Record<string, unknown> {
  const { error } = JSON.parse(run.stdout) as { error: Record<string, unknown> };
  expect(error['code']).toBe(code);
  expect(error['exit_status']).toBe(run.status);
  expect(error['remedy']).toMatch(/\S/);
  expect(run.status).toBe(exitStatus[errorRegistry[code].kind]);
  return error;
}

import { join, resolve } from 'node:path';
import type { Finding } from '@sdp/shared/errors';
import { z } from 'zod';
import type { AnchorPlace } from '../audit/index.ts';
import { wholeNumber } from './environment.ts';

/** Environment variables of the audit ledger and of the checks on stored data. */
export const auditVariables = {
  /** A file that only grows, or `s3://bucket/prefix`; a file in the data folder where left out. */
  SDP_AUDIT_ANCHOR: z
    .string()
    .regex(
      /^(?!s3:)|^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9._/-]*)?$/,
      'must be a path, or s3://bucket/prefix',
    )
    .optional(),
  SDP_AUDIT_ANCHOR_SECONDS: wholeNumber(10, 1, 86_400),
  /** Of a bucket that isn't Amazon's. */
  S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an address like https://storage.example' }).optional(),
  AWS_REGION: z.string().max(64).default('us-east-1'),
  AWS_ACCESS_KEY_ID: z.string().max(256).optional(),
  AWS_SECRET_ACCESS_KEY: z.string().max(1_024).optional(),
  AWS_SESSION_TOKEN: z.string().max(8_192).optional(),
  /** Of the check that runs in the background; 0: none. */
  SDP_SWEEP_ROWS_PER_SECOND: wholeNumber(2_000, 0, 10_000_000),
} as const;

export interface AuditSettings {
  /** Where heads of the ledger are anchored. */
  readonly anchor: AnchorPlace;
  readonly anchorMs: number;
  /** 0: the background check is off. */
  readonly sweepRowsPerSecond: number;
}

const schema = z.object(auditVariables);

/** What is missing for a bucket. */
export function auditFindings(values: Readonly<Record<string, string>>): Finding[] {
  if (!values['SDP_AUDIT_ANCHOR']?.startsWith('s3:')) return [];
  return (['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const)
    .filter((name) => values[name] === undefined)
    .map((field) => ({ field, message: 'is needed for the bucket of SDP_AUDIT_ANCHOR' }));
}

export function auditSettings(variables: z.output<typeof schema>, dataDir: string): AuditSettings {
  return {
    anchor: anchorOf(variables, dataDir),
    anchorMs: variables.SDP_AUDIT_ANCHOR_SECONDS * 1_000,
    sweepRowsPerSecond: variables.SDP_SWEEP_ROWS_PER_SECOND,
  };
}

function anchorOf(variables: z.output<typeof schema>, dataDir: string): AnchorPlace {
  const { SDP_AUDIT_ANCHOR: text } = variables;
  if (text === undefined) return { file: join(dataDir, 'audit-heads.ndjson') };
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(text) ?? [];
  if (bucket === undefined) return { file: resolve(text) };
  return {
    s3: {
      ...{ bucket, prefix, region: variables.AWS_REGION, endpoint: variables.S3_ENDPOINT },
      accessKeyId: variables.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: variables.AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: variables.AWS_SESSION_TOKEN,
    },
  };
}

import type { Finding } from '@sdp/shared/errors';
import { z } from 'zod';
import type { BackupPlace, BackupSettings } from '../backup/index.ts';
import { wholeNumber } from './environment.ts';

/** Environment variables of the backup of the bus. Credentials, region and endpoint are those of the audit ledger's bucket. */
export const backupVariables = {
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .optional(),
  /** Before the names of objects in the bucket; looked at only where there is one, for others use this name too. */
  PREFIX: z.string().optional(),
  ROLE_ARN: z.string().optional(),
  /** Of what gives the role, where it isn't Amazon's. */
  SDP_BACKUP_STS_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an address like https://sts.example' })
    .optional(),
  /** In place of a bucket. */
  SDP_BACKUP_DIR: z.string().optional(),
  SDP_BACKUP_TOPICS: z
    .string()
    .default('logs,metrics,transactions')
    .transform((text) => [...new Set(text.split(',').map((topic) => topic.trim()))])
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be topics, several separated by commas'))),
  SDP_BACKUP_SECONDS: wholeNumber(60, 1, 3_600),
  SDP_BACKUP_BATCH_BYTES: wholeNumber(8 * 1_024 * 1_024, 65_536, 256 * 1_024 * 1_024),
  SDP_BACKUP_BATCH_MESSAGES: wholeNumber(20_000, 1, 1_000_000),
} as const;

const schema = z.object({
  ...backupVariables,
  AWS_REGION: z.string(),
  S3_ENDPOINT: z.string().optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
});

/** What doesn't go together. */
export function backupFindings(values: Readonly<Record<string, string>>): Finding[] {
  const findings: Finding[] = [];
  if (values['S3_BUCKET'] === undefined) return findings;
  if (values['SDP_BACKUP_DIR'] !== undefined) {
    findings.push({ field: 'SDP_BACKUP_DIR', message: 'is for those who have no S3_BUCKET: choose one of the two' });
  }
  const { PREFIX: prefix, ROLE_ARN: role } = values;
  if (prefix !== undefined && !/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*\/?$/.test(prefix)) {
    findings.push({
      field: 'PREFIX',
      message: 'must be names of letters, digits, dots, hyphens and underscores, with / between them',
    });
  }
  if (role !== undefined && !/^arn:[a-z0-9-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(role)) {
    findings.push({ field: 'ROLE_ARN', message: 'must be like arn:aws:iam::123456789012:role/name' });
  }
  const pair = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
  const missing = pair.filter((name) => values[name] === undefined);
  if (missing.length === 1) findings.push({ field: missing[0] ?? '', message: 'is needed with the other of the two' });
  return findings;
}

export function backupSettings(variables: z.output<typeof schema>): BackupSettings {
  return {
    place: placeOf(variables),
    topics: variables.SDP_BACKUP_TOPICS,
    everyMs: variables.SDP_BACKUP_SECONDS * 1_000,
    maxBytes: variables.SDP_BACKUP_BATCH_BYTES,
    maxMessages: variables.SDP_BACKUP_BATCH_MESSAGES,
  };
}

function placeOf(variables: z.output<typeof schema>): BackupPlace | undefined {
  const { S3_BUCKET: bucket, PREFIX: prefix = '', SDP_BACKUP_DIR: directory } = variables;
  if (bucket === undefined) return directory === undefined ? undefined : { directory };
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = variables;
  return {
    s3: {
      ...{ bucket, prefix: prefix.replace(/\/$/, ''), region: variables.AWS_REGION, endpoint: variables.S3_ENDPOINT },
      ...{ roleArn: variables.ROLE_ARN, stsEndpoint: variables.SDP_BACKUP_STS_ENDPOINT },
      ...(accessKeyId !== undefined &&
        secretAccessKey !== undefined && {
          credentials: { accessKeyId, secretAccessKey, sessionToken: variables.AWS_SESSION_TOKEN },
        }),
    },
  };
}

import { resolve } from 'node:path';
import { clientIdSchema } from '@sdp/shared/contracts';
import { z } from 'zod';
import { alertVariables } from './alert-settings.ts';
import { analysisVariables } from './analysis-settings.ts';
import { anomalyVariables } from './anomaly-settings.ts';
import { auditVariables } from './audit-settings.ts';
import { backupVariables } from './backup-settings.ts';
import { optionalNumber, wholeNumber, yesOrNo } from './environment.ts';
import { eventVariables } from './event-settings.ts';
import { modelVariables } from './model-settings.ts';
import { sessionVariables } from './session-settings.ts';
import { transactionVariables } from './transaction-settings.ts';

const path = z.string().transform((text) => resolve(text));
const isPort = (text: string) => Number(text) >= 1 && Number(text) <= 65_535;
const megabyte = 1_024 * 1_024;

/** Every environment variable that the server reads, with its bounds and default. */
export const variablesSchema = z.object({
  SDP_ENV: z.enum(['dev', 'production'], { error: 'must be dev or production' }).default('production'),
  SDP_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      error: 'must be trace, debug, info, warn, error or silent',
    })
    .default('info'),
  SDP_DATA_DIR: path.default(resolve('.sdp/server')),
  SDP_SHUTDOWN_DEADLINE_MS: wholeNumber(10_000, 100, 600_000),

  SDP_HOST: z.string().max(255).default('127.0.0.1'),
  SDP_PORT: wholeNumber(8_081, 0, 65_535),
  SDP_TLS_CERT_FILE: path.optional(),
  SDP_TLS_KEY_FILE: path.optional(),
  /** Where a worker of its own serves metrics; the API has them on its own port. */
  PROMETHEUS_PORT: wholeNumber(0, 0, 65_535),

  SDP_MAX_BODY_BYTES: wholeNumber(1_024 * megabyte, 1, 64 * 1_024 * megabyte),
  SDP_MAX_JSON_BODY_BYTES: wholeNumber(64 * megabyte, 1, 256 * megabyte),
  SDP_MAX_RECORDS: wholeNumber(5_000_000, 1, 100_000_000),
  SDP_MAX_COLUMNS: wholeNumber(1_000, 1, 5_000),
  SDP_MAX_CELL_BYTES: wholeNumber(megabyte, 1, 16 * megabyte),
  SDP_MAX_RECORD_BYTES: wholeNumber(4 * megabyte, 1, 64 * megabyte),
  SDP_MAX_UPLOADS: wholeNumber(4, 1, 64),
  SDP_UPLOAD_TIMEOUT_MS: wholeNumber(600_000, 1_000, 86_400_000),
  SDP_RATE_LIMIT_PER_MINUTE: wholeNumber(1_200, 1, 1_000_000),
  /** Whether the API's figures are for whoever reaches its port. */
  SDP_METRICS_OPEN: yesOrNo(true),
  SDP_OUTBOX_MAX_MESSAGES: wholeNumber(10_000, 1, 10_000_000),
  SDP_OUTBOX_MAX_SECONDS: wholeNumber(300, 1, 86_400),

  DB_DSN: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be an address like postgresql://user:password@host:5432/database')
    .optional(),
  SDP_DB_POOL_SIZE: wholeNumber(16, 2, 500),

  SDP_CRYPTO_KEY: z.string().optional(),
  SDP_API_KEY: z.string().min(32, 'must have at least 32 characters').max(512, 'is too long').optional(),
  SDP_CLIENT_ID: clientIdSchema.default('default'),
  /** Whether the key of SDP_API_KEY may answer false alarms of the firewall. */
  SDP_ALLOW_DECLARED_SAFE: yesOrNo(false),

  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(
      z.array(
        z
          .string()
          .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/@]+):\d{1,5}$/, 'must be host:port, several separated by commas')
          .refine((text) => isPort(text.slice(text.lastIndexOf(':') + 1)), 'must have ports from 1 to 65535'),
      ),
    )
    .optional(),
  KAFKA_CLIENT_ID: z.string().max(200).default('sdp'),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
  KAFKA_SASL_MECHANISM: z
    .enum(['SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN'], { error: 'must be SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN' })
    .default('SCRAM-SHA-512'),
  /** TLS with the system's authorities; with KAFKA_SSL_CA it is on by itself. */
  KAFKA_SSL: yesOrNo(false),
  KAFKA_SSL_CA: path.optional(),
  KAFKA_SSL_CERT: path.optional(),
  KAFKA_SSL_KEY: path.optional(),
  /** Of what this process sends. */
  KAFKA_COMPRESSION: z
    .enum(['none', 'lz4', 'zstd', 'gzip', 'snappy'], { error: 'must be none, lz4, zstd, gzip or snappy' })
    .default('none'),
  /** Whether a stage's outputs and offsets are one Kafka transaction. */
  KAFKA_TRANSACTIONS: yesOrNo(false),
  /** Copies of topics whose entry in the topics file says nothing of its own. */
  KAFKA_REPLICAS: optionalNumber(1, 100),
  /** Checked together by the library of messages; several separated by commas, the first is in use. */
  KAFKA_ENCRYPTION_KEY: z.string().optional(),
  KAFKA_SIGNING_KEY: z.string().optional(),
  /** Of the keys that are derived from the server's own where none are given. */
  SDP_MESSAGE_KEY_GENERATION: wholeNumber(1, 1, 1_000),
  /** The files that SDP is shipped with where left out. */
  SDP_TOPICS_FILE: path.optional(),
  SDP_ACCESS_FILE: path.optional(),
  /** No job is judged where left out. */
  SDP_QUALITY_FILE: path.optional(),
  SDP_PUSHGATEWAY_URL: z.url({ protocol: /^https?$/, error: 'must be an address with http:// or https://' }).optional(),
  /** Partitions of topics whose entry in the topics file says nothing of its own. */
  SDP_TOPIC_PARTITIONS: optionalNumber(1, 1_000),
  SDP_BUS_RETENTION_DAYS: wholeNumber(7, 1, 3_650),
  /** Whether messages that went their way are summed up in the audit trail, or have a row each. */
  SDP_MESSAGE_AUDIT: z.enum(['summary', 'each'], { error: 'must be summary or each' }).default('summary'),
  SDP_MESSAGE_AUDIT_DAYS: wholeNumber(365, 30, 36_500),

  ...alertVariables,
  ...analysisVariables,
  ...anomalyVariables,
  ...auditVariables,
  ...backupVariables,
  ...transactionVariables,
  ...eventVariables,
  ...modelVariables,
  ...sessionVariables,
});

export type Variables = z.output<typeof variablesSchema>;

/** Pairs of which both are needed or none. */
export const pairs = [
  ['SDP_TLS_CERT_FILE', 'SDP_TLS_KEY_FILE'],
  ['KAFKA_USERNAME', 'KAFKA_PASSWORD'],
  ['KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'],
  ['KAFKA_ENCRYPTION_KEY', 'KAFKA_SIGNING_KEY'],
  ['SDP_OIDC_ISSUER', 'SDP_OIDC_CLIENT_ID'],
] as const;

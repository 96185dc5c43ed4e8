import { readFileSync } from 'node:fs';
import { isPublishedKey, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import { ConfigError, type Finding } from '@sdp/shared/errors';
import { type GivenKeys, parseGivenKeys } from '@sdp/shared/messaging';
import type { BackupSettings } from '../backup/index.ts';
import { type AlertSettings, alertSettings } from './alert-settings.ts';
import { type AnalysisSettings, analysisSettings } from './analysis-settings.ts';
import { type AnomalySettings, anomalySettings } from './anomaly-settings.ts';
import { type AuditSettings, auditFindings, auditSettings } from './audit-settings.ts';
import { backupFindings, backupSettings } from './backup-settings.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { type EventSettings, eventSettings } from './event-settings.ts';
import { kafkaFindings, kafkaWarnings } from './kafka-checks.ts';
import { type ModelSettings, modelSettings } from './model-settings.ts';
import { type SessionSettings, sessionSettings } from './session-settings.ts';
import { type TransactionSettings, transactionSettings } from './transaction-settings.ts';
import { pairs, type Variables, variablesSchema } from './variables.ts';

/** Limits on what one upload may be. */
export interface UploadLimits {
  /** After decompression. */
  readonly maxBodyBytes: number;
  /** `application/json` is read whole before it is parsed. */
  readonly maxJsonBodyBytes: number;
  readonly maxRecords: number;
  readonly maxColumns: number;
  readonly maxCellBytes: number;
  readonly maxRecordBytes: number;
  /** Uploads taken at the same time; each holds a database connection. */
  readonly maxUploads: number;
  readonly uploadTimeoutMs: number;
}

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly sasl?: {
    readonly mechanism: Variables['KAFKA_SASL_MECHANISM'];
    readonly username: string;
    readonly password: string;
  };
  /** Present where TLS is on. */
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly compression: Variables['KAFKA_COMPRESSION'];
  readonly transactions: boolean;
  readonly replicas?: number;
}

/** Where the keys of messages come from. */
export interface MessageKeySettings {
  /** Hex digits as they were given, checked; else they are derived from the server's own key. */
  readonly given?: Pick<GivenKeys, 'encryptionKeys' | 'signingKeys'>;
  readonly generation: number;
}

/** The server's configuration, validated. Holds secrets: never log it whole. */
export interface Settings {
  readonly environment: 'dev' | 'production';
  readonly logLevel: Variables['SDP_LOG_LEVEL'];
  readonly dataDir: string;
  readonly shutdownDeadlineMs: number;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly tls?: TlsFiles;
    readonly rateLimitPerMinute: number;
    readonly metricsAreOpen: boolean;
  };
  /** 0: none. */
  readonly workerMetricsPort: number;
  readonly upload: UploadLimits;
  readonly outbox: { readonly maxMessages: number; readonly maxSeconds: number };
  /** Without an address the server runs its embedded PostgreSQL. */
  readonly database: { readonly dsn?: string; readonly poolSize: number };
  /** Undefined only where the database is embedded: then one is generated into the data folder. */
  readonly serverKey?: MasterKey;
  readonly bootstrap?: { readonly apiKey: string; readonly clientId: string; readonly allowDeclaredSafe: boolean };
  /** Without it the bus is the one in PostgreSQL. */
  readonly kafka?: KafkaSettings;
  readonly messageKeys: MessageKeySettings;
  readonly topics: {
    /** The shipped ones where left out. */
    readonly file?: string;
    readonly accessFile?: string;
    /** In place of the file's default. */
    readonly partitions?: number;
  };
  /** Of the bus in PostgreSQL; what a group has not settled stays longer. */
  /** Expectations of jobs' data, and who is told how they fared. */
  readonly quality: { readonly file: string | undefined; readonly pushgateway: string | undefined };
  readonly busRetentionDays: number;
  readonly transactions: TransactionSettings;
  readonly events: EventSettings;
  readonly analysis: AnalysisSettings;
  readonly models: ModelSettings;
  readonly sessions: SessionSettings;
  readonly audit: AuditSettings;
  readonly backup: BackupSettings;
  readonly alerts: AlertSettings;
  readonly anomalies: AnomalySettings;
  readonly messageAudit: { readonly mode: Variables['SDP_MESSAGE_AUDIT']; readonly days: number };
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** To be logged once. */
  readonly warnings: readonly string[];
}

/**
 * Reads and checks the environment.
 *
 * @throws {ConfigError} `config-invalid` with every variable that is wrong; `key-missing`, `key-invalid` or `key-published`
 *   where the key alone is
 */
export function loadSettings(environment: Environment): LoadedSettings {
  const { values, warnings, findings: unreadable } = readEnvironment(environment);
  const parsed = variablesSchema.safeParse(values);
  const findings: Finding[] = [...unreadable];
  for (const issue of parsed.error?.issues ?? []) {
    findings.push({ field: String(issue.path[0]), message: issue.message });
  }
  for (const [one, other] of pairs) {
    if ((values[one] === undefined) !== (values[other] === undefined)) {
      findings.push({ field: values[one] === undefined ? one : other, message: `is needed with the other of the two` });
    }
  }
  if (values['SDP_OIDC_ISSUER'] !== undefined && values['SDP_PUBLIC_URL'] === undefined) {
    findings.push({ field: 'SDP_PUBLIC_URL', message: 'is needed with SDP_OIDC_ISSUER' });
  }
  const files = new FileReader(findings);
  const kafkaFiles = ['KAFKA_SSL_CA', 'KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'].map((name) => files.read(name, values));
  const tlsFiles = ['SDP_TLS_CERT_FILE', 'SDP_TLS_KEY_FILE'].map((name) => files.read(name, values));
  findings.push(...checkMessageKeys(values), ...auditFindings(values), ...kafkaFindings(values, kafkaFiles));
  findings.push(...backupFindings(values));
  const keyProblem = checkKey(values);
  if (!parsed.success || findings.length > 0) {
    if (keyProblem) findings.push({ field: 'SDP_CRYPTO_KEY', message: keyProblem.message });
    throw new ConfigError('config-invalid', {
      message: `The environment is not valid: ${findings.map(({ field, message }) => `${field} ${message}`).join('; ')}`,
      details: { findings },
    });
  }
  if (keyProblem) throw keyProblem;
  return {
    settings: { ...compose(parsed.data, tlsFiles, kafkaFiles), alerts: alertSettings(parsed.data, environment) },
    warnings: [...warnings, ...kafkaWarnings(parsed.data)],
  };
}

class FileReader {
  readonly #findings: Finding[];

  constructor(findings: Finding[]) {
    this.#findings = findings;
  }

  read(name: string, values: Readonly<Record<string, string>>): Buffer | undefined {
    const file = values[name];
    if (file === undefined) return undefined;
    try {
      return readFileSync(file);
    } catch {
      this.#findings.push({ field: name, message: 'names a file that cannot be read' });
      return undefined;
    }
  }
}

function checkKey(values: Readonly<Record<string, string>>): ConfigError | undefined {
  const text = values['SDP_CRYPTO_KEY'];
  if (text === undefined) {
    const isEmbedded = values['DB_DSN'] === undefined;
    return isEmbedded || values['SDP_CRYPTO_KEY_FILE'] !== undefined ? undefined : new ConfigError('key-missing');
  }
  try {
    const isPublished = isPublishedKey(parseMasterKey(text));
    return isPublished && values['SDP_ENV'] !== 'dev' ? new ConfigError('key-published') : undefined;
  } catch (error) {
    return error as ConfigError;
  }
}

function checkMessageKeys(values: Readonly<Record<string, string>>): Finding[] {
  const { KAFKA_ENCRYPTION_KEY: encryptionKeys, KAFKA_SIGNING_KEY: signingKeys } = values;
  if (encryptionKeys === undefined || signingKeys === undefined) return [];
  try {
    parseGivenKeys({ party: 'check', encryptionKeys, signingKeys });
    return [];
  } catch {
    const message =
      'is not 64 hex digits, or several of them separated by commas, all different from those of the other';
    return [{ field: 'KAFKA_ENCRYPTION_KEY', message }];
  }
}

function compose(
  variables: Variables,
  [cert, key]: (Buffer | undefined)[],
  [ca, kafkaCert, kafkaKey]: (Buffer | undefined)[],
): Omit<Settings, 'alerts'> {
  const { KAFKA_ENCRYPTION_KEY: encryptionKeys, KAFKA_SIGNING_KEY: signingKeys } = variables;
  const { KAFKA_BROKERS: brokers, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = variables;
  return {
    environment: variables.SDP_ENV,
    logLevel: variables.SDP_LOG_LEVEL,
    dataDir: variables.SDP_DATA_DIR,
    shutdownDeadlineMs: variables.SDP_SHUTDOWN_DEADLINE_MS,
    http: {
      host: variables.SDP_HOST,
      port: variables.SDP_PORT,
      ...(cert && key && { tls: { cert, key } }),
      rateLimitPerMinute: variables.SDP_RATE_LIMIT_PER_MINUTE,
      metricsAreOpen: variables.SDP_METRICS_OPEN,
    },
    workerMetricsPort: variables.PROMETHEUS_PORT,
    upload: {
      maxBodyBytes: variables.SDP_MAX_BODY_BYTES,
      maxJsonBodyBytes: Math.min(variables.SDP_MAX_JSON_BODY_BYTES, variables.SDP_MAX_BODY_BYTES),
      maxRecords: variables.SDP_MAX_RECORDS,
      maxColumns: variables.SDP_MAX_COLUMNS,
      maxCellBytes: variables.SDP_MAX_CELL_BYTES,
      maxRecordBytes: variables.SDP_MAX_RECORD_BYTES,
      maxUploads: variables.SDP_MAX_UPLOADS,
      uploadTimeoutMs: variables.SDP_UPLOAD_TIMEOUT_MS,
    },
    outbox: { maxMessages: variables.SDP_OUTBOX_MAX_MESSAGES, maxSeconds: variables.SDP_OUTBOX_MAX_SECONDS },
    database: { ...(variables.DB_DSN && { dsn: variables.DB_DSN }), poolSize: variables.SDP_DB_POOL_SIZE },
    ...(variables.SDP_CRYPTO_KEY && { serverKey: parseMasterKey(variables.SDP_CRYPTO_KEY) }),
    ...(variables.SDP_API_KEY && {
      bootstrap: {
        apiKey: variables.SDP_API_KEY,
        clientId: variables.SDP_CLIENT_ID,
        allowDeclaredSafe: variables.SDP_ALLOW_DECLARED_SAFE,
      },
    }),
    ...(brokers && {
      kafka: {
        brokers,
        clientId: variables.KAFKA_CLIENT_ID,
        ...(username && password && { sasl: { mechanism: variables.KAFKA_SASL_MECHANISM, username, password } }),
        ...((ca || kafkaCert || variables.KAFKA_SSL) && {
          tls: { ...(ca && { ca }), ...(kafkaCert && kafkaKey && { cert: kafkaCert, key: kafkaKey }) },
        }),
        compression: variables.KAFKA_COMPRESSION,
        transactions: variables.KAFKA_TRANSACTIONS,
        ...(variables.KAFKA_REPLICAS !== undefined && { replicas: variables.KAFKA_REPLICAS }),
      },
    }),
    messageKeys: {
      ...(encryptionKeys && signingKeys && { given: { encryptionKeys, signingKeys } }),
      generation: variables.SDP_MESSAGE_KEY_GENERATION,
    },
    topics: {
      ...(variables.SDP_TOPICS_FILE !== undefined && { file: variables.SDP_TOPICS_FILE }),
      ...(variables.SDP_ACCESS_FILE !== undefined && { accessFile: variables.SDP_ACCESS_FILE }),
      ...(variables.SDP_TOPIC_PARTITIONS !== undefined && { partitions: variables.SDP_TOPIC_PARTITIONS }),
    },
    quality: { file: variables.SDP_QUALITY_FILE, pushgateway: variables.SDP_PUSHGATEWAY_URL },
    busRetentionDays: variables.SDP_BUS_RETENTION_DAYS,
    transactions: transactionSettings(variables),
    events: eventSettings(variables),
    analysis: analysisSettings(variables),
    models: modelSettings(variables),
    sessions: sessionSettings(variables),
    anomalies: anomalySettings(variables),
    audit: auditSettings(variables, variables.SDP_DATA_DIR),
    backup: backupSettings(variables),
    messageAudit: { mode: variables.SDP_MESSAGE_AUDIT, days: variables.SDP_MESSAGE_AUDIT_DAYS },
  };
}

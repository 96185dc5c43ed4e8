import { readEnvironment } from '../../server/src/settings/environment.ts';
import { type Variables, variablesSchema } from '../../server/src/settings/variables.ts';

/** What the client reads. A test compares the names with those in `client/src`. */
export const clientVariables: Readonly<Record<string, string>> = {
  SDP_CRYPTO_KEY: 'your master key: 32 bytes of URL-safe base64, from `sdp keygen`',
  SDP_CRYPTO_KEY_FILE: 'file that holds the master key, as it is or sealed, readable by you alone',
  SDP_NEW_CRYPTO_KEY: 'the master key to come, for `vault rewrap`',
  SDP_NEW_CRYPTO_KEY_FILE: 'file that holds it, as it is or sealed',
  SDP_KEY_PASSPHRASE: 'passphrase of a sealed key file; asked for on a terminal where unset',
  SDP_KEY_PASSPHRASE_FILE: 'file whose first line is that passphrase, readable by you alone',
  SDP_KEY_IDENTITY_FILE: 'file of age identities that open a sealed key file, readable by you alone',
  SDP_KMS_TOKEN_FILE: 'file with the token for Vault or OpenBao Transit; `BAO_TOKEN` and `VAULT_TOKEN` come first',
  SDP_STATE_DIR:
    'folder in which SDP remembers the ends of audit logs and keeps privacy ledgers; the state folder of your account where unset',
  SDP_AUDIT_LOG: 'file of the audit log; beside the vault where unset',
  SDP_OPERATOR: 'who is at work, for the audit log, where the account of the system does not tell',
  SDP_SPOOL: 'folder in which events wait until the server has them; `event_spool` in the current folder where unset',
  SDP_GATEWAY_TOKEN: 'what senders have to show to `sdp gateway`, 32 characters or more',
  SDP_GATEWAY_TOKEN_FILE: 'file that holds it, readable by you alone',
  SDP_VAULT: 'vault file; `token_vault.db` in the current folder where unset',
  SDP_API_KEY: 'API key of the server',
  SDP_API_KEY_FILE: 'file that holds the API key, readable by you alone',
  SDP_SERVER_URL: 'address of the server, in place of `--server-url`',
  SDP_CLIENT_ID: 'client that the API key belongs to, in place of `--client-id`',
  SDP_ENV: '`dev` takes published example keys; anything else refuses them',
};

/** Complete by its type: a variable that the server learns to read has to be described here. */
const serverTexts: Readonly<Record<keyof Variables, string>> = {
  SDP_ENV:
    '`dev` or `production`; `dev` opens the trigger `/dev/process-batch` to this machine and takes published example keys',
  SDP_LOG_LEVEL: '`trace`, `debug`, `info`, `warn`, `error` or `silent`',
  SDP_DATA_DIR: 'where the embedded database and the key generated for it live',
  SDP_SHUTDOWN_DEADLINE_MS: 'how long a stop may take',
  SDP_HOST: 'address to listen on',
  SDP_PORT: 'port to listen on; 0 takes a free one',
  SDP_TLS_CERT_FILE: 'certificate chain (PEM): the server then speaks HTTPS',
  SDP_TLS_KEY_FILE: 'key of the certificate (PEM)',
  PROMETHEUS_PORT: 'where a worker of its own serves health and metrics; 0: nowhere. The API has them on its port',
  SDP_MAX_BODY_BYTES: 'bytes of one upload, uncompressed',
  SDP_MAX_JSON_BODY_BYTES: 'the same for `application/json`, which is read whole',
  SDP_MAX_RECORDS: 'records of one upload',
  SDP_MAX_COLUMNS: 'columns of one upload',
  SDP_MAX_CELL_BYTES: 'bytes of one cell',
  SDP_MAX_RECORD_BYTES: 'bytes of one record',
  SDP_MAX_UPLOADS: 'uploads taken at the same time',
  SDP_UPLOAD_TIMEOUT_MS: 'how long one upload may take',
  SDP_RATE_LIMIT_PER_MINUTE: 'requests of one API key or user in a minute',
  SDP_METRICS_OPEN:
    'whether `/metrics` of the API needs no key; with `false` it asks for the permission `metrics:read`',
  SDP_OUTBOX_MAX_MESSAGES: 'messages that may wait for the bus before uploads are answered with 503',
  SDP_OUTBOX_MAX_SECONDS: 'how old the oldest of them may be',
  SDP_PUBLIC_URL:
    'address by which browsers reach the server where a proxy stands before it, e.g. `https://sdp.example.org`',
  SDP_OIDC_ISSUER: 'provider of OpenID Connect that people may sign in with, as it calls itself; needs SDP_PUBLIC_URL',
  SDP_OIDC_CLIENT_ID: 'what the provider calls this server',
  SDP_OIDC_CLIENT_SECRET: 'the secret that it gave this server, if it gave one',
  SDP_OIDC_NAME_CLAIM: 'claim by which the provider says what the user is called here',
  SDP_SESSION_IDLE_MINUTES: 'after how long without a request a session is over',
  SDP_SESSION_MAX_HOURS: 'after how long it is over in any case',
  DB_DSN: 'address of a PostgreSQL; the embedded one where unset',
  SDP_DB_POOL_SIZE: 'database connections of a process',
  SDP_CRYPTO_KEY:
    "the server's own master key, never the client's; may be left out with the embedded database, which then makes one",
  SDP_API_KEY: 'first API key, at least 32 characters; `sdp-server api-keys create` makes others',
  SDP_CLIENT_ID: 'client that this first key belongs to',
  SDP_ALLOW_DECLARED_SAFE: 'whether this first key may answer false alarms of the firewall',
  KAFKA_BROKERS: 'brokers of Kafka, `host:port`, several separated by commas; the bus in PostgreSQL where unset',
  KAFKA_ENCRYPTION_KEY:
    'what messages are sealed with: 64 hex digits; several separated by commas, the first is in use; derived from the server’s own key where unset',
  KAFKA_SIGNING_KEY: 'what messages are signed with, likewise',
  SDP_MESSAGE_KEY_GENERATION:
    'of the keys derived from the server’s own: raise it by one to rotate; earlier ones stay readable',
  KAFKA_CLIENT_ID: 'name under which the broker knows this server',
  KAFKA_USERNAME: 'user by which the broker knows this server',
  KAFKA_PASSWORD: 'its password',
  KAFKA_SASL_MECHANISM: 'how user and password are proven to the broker',
  KAFKA_SSL: 'whether the brokers are reached over TLS; on by itself where certificates are named',
  KAFKA_SSL_CA: 'certificate authorities (PEM): turns TLS on',
  KAFKA_SSL_CERT: 'client certificate (PEM) for mutual TLS',
  KAFKA_SSL_KEY: 'its key (PEM)',
  KAFKA_COMPRESSION: 'of what is sent: `none`, `lz4`, `zstd`, `gzip` or `snappy`; sealed messages hardly shrink',
  KAFKA_TRANSACTIONS: 'whether outputs and offsets of a stage are stored as one Kafka transaction',
  KAFKA_REPLICAS: 'copies of topics for which the topics file fixes none; as the broker is configured where unset',
  SDP_TOPICS_FILE: 'what topics are to be like; `configs/topics.yml` where unset',
  SDP_QUALITY_FILE: 'what is expected of the data of source tables (YAML); no job is judged where unset',
  SDP_PUSHGATEWAY_URL: 'address of a Prometheus Pushgateway that is told of the quality of each job',
  SDP_ACCESS_FILE: 'who may read and write which topics; `configs/access.yml` where unset',
  SDP_TOPIC_PARTITIONS:
    'partitions of topics for which the topics file fixes none: as many workers of one role can share one; the file’s default where unset',
  SDP_BUS_RETENTION_DAYS: 'days that the bus in PostgreSQL keeps messages; those not yet handled stay longer',
  SDP_MESSAGE_AUDIT:
    '`summary`: messages that went their way are summed up in the audit trail; `each`: every one has its row and waits for it',
  SDP_AUDIT_ANCHOR:
    'where signed heads of the audit ledger are written, outside the database: a file that only grows, or `s3://bucket/prefix`; `audit-heads.ndjson` in the data folder where unset',
  SDP_AUDIT_ANCHOR_SECONDS: 'how often a head is written there, while there is something new',
  S3_ENDPOINT: 'address of the store of buckets, of that one and of `S3_BUCKET`, where it is not Amazon’s',
  AWS_REGION: 'their region',
  AWS_ACCESS_KEY_ID:
    'key that may put, list and get objects there; it need not delete any. For `S3_BUCKET` what the machine is given (profile, web identity, container, instance) serves as well',
  AWS_SECRET_ACCESS_KEY: 'its secret',
  AWS_SESSION_TOKEN: 'its session token, where it has one',
  S3_BUCKET: 'bucket that messages of the bus are kept in; see [backup.md](backup.md)',
  PREFIX: 'before the names of objects in `S3_BUCKET`',
  ROLE_ARN: 'role that is taken on to reach `S3_BUCKET`',
  SDP_BACKUP_STS_ENDPOINT: 'address of what gives that role, where it is not Amazon’s',
  SDP_BACKUP_DIR: 'directory that messages of the bus are kept in, in place of a bucket',
  SDP_BACKUP_TOPICS: 'topics that are kept, several separated by commas',
  SDP_BACKUP_SECONDS: 'for how long a message may wait before it is kept, so that an object holds many',
  SDP_BACKUP_BATCH_BYTES: 'bound on the bytes of one batch of a topic; as many may be read ahead',
  SDP_BACKUP_BATCH_MESSAGES: 'bound on the messages of one batch',
  SDP_SWEEP_ROWS_PER_SECOND: 'rows of stored data that are checked in the background; 0 for none',
  SDP_MESSAGE_AUDIT_DAYS: 'how long rows of that trail are kept, 30 days at least',
  SDP_TRANSACTION_RATE_PER_MINUTE: 'transactions of one API key in a minute, counted in each API process',
  SDP_TRANSACTION_MAX_WAITING:
    'transactions that may wait for their decisions in one API process; more are answered with 503',
  SDP_TRANSACTION_MAX_STREAMS: 'streams of decisions that may be open in one API process',
  SDP_TRANSACTION_LATENESS: 'after so many seconds a transaction that comes in is late; it is decided all the same',
  SDP_TRANSACTION_SNAPSHOT_SECONDS: 'seconds between two snapshots of a worker’s window state',
  SDP_TRANSACTION_ALERTS: 'mildest decision that raises an alert: `review`, `decline`, or `none` for no alerts',
  SDP_ANOMALY_RULES:
    'file of the rules and detectors of anomalies (docs/detection.md); `configs/anomaly-rules.yml` where unset',
  SDP_ANALYSIS_SNAPSHOT_SECONDS: 'seconds between snapshots of what the analysis of events remembers',
  SDP_ALERTS_FILE: 'file that says who is told of what (docs/alerts.md); `configs/alerts.yml` where unset',
  SDP_ALERTS_DEAD_LETTERS:
    'so many dead letters of one topic within ten minutes, in one process, raise an alert; 0 raises none',
  SDP_ALERTS_RETENTION_DAYS: 'days for which alerts that are settled are kept',
  SDP_ANOMALIES_RETENTION_DAYS:
    'days for which anomalies and their histories are kept, whatever their state; they go by whole weeks',
  SDP_ANOMALIES_MAX_STREAMS: 'live streams of anomalies that one API process serves at once',
  SDP_TRANSACTION_RETENTION_DAYS:
    'days for which transactions, decisions, alerts and outcomes are kept; later their ids are new again',
  SDP_EVENTS_RATE_PER_MINUTE: 'events of one API key in a minute, counted in each API process',
  SDP_EVENTS_MAX_REQUESTS: 'requests with events that one API process reads at once; more are answered with 503',
  SDP_EVENTS_MAX_BACKLOG:
    'messages with events (up to 256 each) that may wait to be stored; while there are more, events are answered with 503',
  SDP_EVENTS_REPEAT_MINUTES:
    'for so many minutes an event that comes again has no effect; each event takes 36 bytes for so long in each worker that stores or analyses',
  SDP_EVENTS_RETENTION_DAYS: 'days for which recent events can be read; they go by whole days of arrival',
  SDP_EVENT_COUNTS_RETENTION_DAYS: 'days for which counts of events are kept',
  SDP_EVENTS_MAX_STREAMS: 'live streams of events that one API process serves at once',
  SDP_MODEL_TRUSTED_KEYS:
    'public keys whose models are taken, separated by commas, as `sdp-server models keygen` prints them; the one of the shipped model always is',
  SDP_MODEL_POLL_SECONDS: 'how often a worker looks into the database for a deployment that it has not heard of',
  SDP_MODEL_TIMEOUT_MS: 'after so long a call of a model has failed',
  SDP_MODEL_SHADOW_MS: 'how much longer answers may take for the sake of a shadow model',
  SDP_MODEL_TRIAL_MINUTES: 'how long a promoted model is taken back by itself if it errs or is slow; 0: never',
  SDP_MODEL_TRIAL_MIN_SCORED: 'transactions that it must have scored before that',
  SDP_MODEL_TRIAL_ERROR_PERCENT: 'share of failed scores by which it may exceed the model before',
  SDP_MODEL_TRIAL_LATENCY_FACTOR:
    'how many times slower its calls may be than those of the model before (95th percentile)',
  SDP_MODEL_TRIAL_LATENCY_MS: 'a call this fast is never too slow',
};

export interface DocumentedVariable {
  readonly name: string;
  readonly text: string;
  /** As one would write it; undefined where there is none. */
  readonly fallback?: string;
}

export function serverVariables(): DocumentedVariable[] {
  const defaults = variablesSchema.parse({}) as Readonly<Record<string, unknown>>;
  return Object.entries(serverTexts).map(([name, text]) => {
    const value = defaults[name];
    // The folder's default is made absolute where the program runs.
    const fallback = name === 'SDP_DATA_DIR' ? '.sdp/server' : value;
    return { name, text, ...(fallback === undefined ? {} : { fallback: String(fallback) }) };
  });
}

/** Variables for which `<NAME>_FILE` may name a file instead: those whose unreadable file is complained of. */
export function secretNames(): string[] {
  const nowhere = '/nowhere/secret';
  return Object.keys(serverTexts).filter((name) => readEnvironment({ [`${name}_FILE`]: nowhere }).findings.length > 0);
}

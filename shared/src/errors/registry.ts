/** How a failure is handled; each kind is one {@link SdpError} subclass, one exit status and a default HTTP status. */
export type ErrorKind =
  | 'internal'
  | 'usage'
  | 'config'
  | 'input'
  | 'vault'
  | 'integrity'
  | 'unavailable'
  | 'rejected'
  | 'gate'
  | 'budget'
  | 'interrupted';

interface RegistryEntry {
  readonly kind: ErrorKind;
  /** One line that holds for every occurrence of the code. */
  readonly title: string;
  /** What to do next; an occurrence may say it more precisely. */
  readonly remedy: string;
  /** Overrides the kind's HTTP status. */
  readonly httpStatus?: number;
}

/**
 * Every code that SDP can report. Closed: a code that isn't here doesn't type-check, and `docs/errors.md` is checked
 * against this table by a test. Codes are stable; scripts depend on them.
 */
export const errorRegistry = {
  internal: {
    kind: 'internal',
    title: 'Something went wrong inside SDP',
    remedy: 'Report it with the request id or the command that failed; nothing was changed.',
  },
  interrupted: {
    kind: 'interrupted',
    title: 'The command was interrupted',
    remedy: 'Run it again; an interrupted command leaves no output.',
  },

  'usage-invalid': {
    kind: 'usage',
    title: 'The command line is not valid',
    remedy: 'Run the command with --help to see its options and an example.',
  },
  'reason-missing': {
    kind: 'usage',
    title: 'So many values are revealed only with a reason',
    remedy: 'Say why with --reason TEXT; it goes into the audit log.',
  },

  'config-invalid': {
    kind: 'config',
    title: 'A configuration file or environment variable is not valid',
    remedy: 'Correct every place listed and run the command again.',
  },
  'config-unreadable': {
    kind: 'config',
    title: 'A configuration file cannot be read',
    remedy: 'Check the path and its permissions.',
  },
  'hierarchy-invalid': {
    kind: 'config',
    title: 'A generalization hierarchy is not valid',
    remedy: 'Give a CSV without a header: a value, then what it is generalized to, from fine to coarse, in each row.',
  },
  'database-privileges': {
    kind: 'config',
    title: 'The role of DB_DSN may not do in the database what the server needs',
    remedy:
      'Let an administrator of the database run `CREATE ROLE sdp_api NOLOGIN` if it is missing and `GRANT sdp_api TO` that role; docs/roles.md says why.',
  },
  'key-missing': {
    kind: 'config',
    title: 'No master key was given',
    remedy: 'Set SDP_CRYPTO_KEY or SDP_CRYPTO_KEY_FILE; `sdp keygen --out FILE` makes a key.',
  },
  'key-invalid': {
    kind: 'config',
    title: 'The master key is not 32 bytes of URL-safe base64',
    remedy: 'Give the key as `sdp keygen` wrote it, 43 characters and a `=`. A new key opens no vault that is there.',
  },
  'key-locked': {
    kind: 'config',
    title: 'The master key is sealed and could not be opened',
    remedy: 'Give what the key file was sealed for: its passphrase, an identity, the keyring or the key service.',
  },
  'key-source-invalid': {
    kind: 'config',
    title: 'The source of the master key cannot be used',
    remedy: 'Check the name of the keyring or the address of the key service; docs/keys.md has examples.',
  },
  'key-published': {
    kind: 'config',
    title: 'The key is an example that was published',
    remedy: 'Make a key of your own with `sdp keygen`; example keys are accepted only with SDP_ENV=dev.',
  },
  'spool-wrong-key': {
    kind: 'config',
    title: 'The key does not open this spool',
    remedy: 'Deliver what waits there with the key that it was filled with, or name another folder with --spool.',
  },
  'receiver-unusable': {
    kind: 'config',
    title: 'The gateway cannot listen at that address',
    remedy: 'Choose another --port or --host; another collector may be listening there.',
  },
  'message-key-missing': {
    kind: 'config',
    title: 'There is no key in the ring to seal or sign messages with',
    remedy: 'Set KAFKA_ENCRYPTION_KEY and KAFKA_SIGNING_KEY, or give the ring an active key of each kind.',
  },
  'message-key-invalid': {
    kind: 'config',
    title: 'A key for messages is not valid',
    remedy: 'Give 32 bytes as 64 hex digits, each id once, and exactly one active key of each kind.',
  },
  'message-key-exhausted': {
    kind: 'config',
    title: 'The key for messages has sealed as many as it may',
    remedy: 'Rotate: add a new active key and keep the old one readable.',
  },
  'bus-tls-failed': {
    kind: 'config',
    title: 'TLS between this server and the broker fails',
    remedy: 'Check KAFKA_BROKERS, KAFKA_SSL_CA, KAFKA_SSL_CERT and KAFKA_SSL_KEY; docs/kafka.md says what each is for.',
  },
  'bus-credentials-refused': {
    kind: 'config',
    title: 'The broker refuses the user, the password or the way they are proven',
    remedy: 'Check KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_SASL_MECHANISM.',
  },
  'model-invalid': {
    kind: 'config',
    title: 'The model or its card cannot be used',
    remedy: 'Check that the model file fits the digest and the features its card states.',
  },
  'model-key-invalid': {
    kind: 'config',
    title: 'A key for signing models cannot be used',
    remedy:
      'Make a pair with `sdp-server models keygen`; SDP_MODEL_TRUSTED_KEYS takes public keys, separated by commas.',
  },

  'model-manifest-invalid': {
    kind: 'input',
    title: 'The manifest of a model package is not valid',
    remedy: 'Check ensemble.json: version, feature_set and the members that it lists.',
  },
  'anonymization-impossible': {
    kind: 'input',
    title: 'The table cannot be anonymized as asked',
    remedy: 'Ask for a smaller k or l or a larger t, allow more suppression, or leave out a quasi-identifier.',
  },
  'file-not-found': {
    kind: 'input',
    title: 'A file was not found',
    remedy: 'Check the path.',
  },
  'file-unreadable': {
    kind: 'input',
    title: 'A file cannot be read',
    remedy: 'Check that it is a file and that you may read it.',
  },
  'file-exists': {
    kind: 'input',
    title: 'The output file is there already',
    remedy: 'Choose another name or remove the file.',
  },
  'output-unwritable': {
    kind: 'input',
    title: 'The output cannot be written',
    remedy: 'Check the folder, its permissions and the free space on the disk.',
  },
  'csv-empty': {
    kind: 'input',
    title: 'The file has no header row',
    remedy: 'Give a CSV file whose first row names the columns.',
  },
  'csv-ragged': {
    kind: 'input',
    title: 'A row has more or fewer cells than the header',
    remedy: 'Correct the row, check --delimiter, or use --lenient to pad short rows.',
  },
  'csv-quote': {
    kind: 'input',
    title: 'A quoted cell is malformed',
    remedy: 'Correct the quotes in that row.',
  },
  'csv-encoding': {
    kind: 'input',
    title: 'The file is not valid in its encoding',
    remedy: 'Name the encoding with --encoding (utf-8, utf-16le, utf-16be, latin1).',
  },
  'csv-cell-too-large': {
    kind: 'input',
    title: 'A cell or a row is larger than the limit',
    remedy: 'Check for an unclosed quote in that row.',
  },
  'files-failed': {
    kind: 'input',
    title: 'Some of several files could not be worked on',
    remedy:
      'Correct what is said of each and run the command again with --resume; outputs that are there are complete.',
  },
  'format-unsupported': {
    kind: 'input',
    title: 'This format cannot be read or written here',
    remedy: 'docs/files.md says which formats go in and come out, and where.',
  },
  'privacy-dataset-unknown': {
    kind: 'input',
    title: 'The data set has no privacy budget',
    remedy:
      'Declare one with `sdp privacy budget --dataset NAME --epsilon 1`; `sdp privacy budget` lists those there are.',
  },
  'privacy-dataset-conflict': {
    kind: 'input',
    title: 'The file or the name belongs to another data set',
    remedy: 'Use the name under which the file was asked about before: one file has one budget.',
  },
  'privacy-query-invalid': {
    kind: 'input',
    title: 'The question cannot be answered so',
    remedy: 'Correct what is named; docs/differential-privacy.md has examples.',
  },
  'compression-invalid': {
    kind: 'input',
    title: 'The compressed input is damaged or cut off',
    remedy: 'Get a complete copy of the file; nothing was written.',
  },
  'ndjson-invalid': {
    kind: 'input',
    title: 'A line is not a JSON object',
    remedy: 'Correct that line: each holds one object, whose keys differ.',
  },
  'ndjson-type': {
    kind: 'input',
    title: 'A field that is to be replaced holds an array or an object',
    remedy: 'Name the fields inside the object by their dotted paths, or keep or drop the array.',
  },
  'ndjson-field-late': {
    kind: 'input',
    title: 'A field turns up that the beginning of the stream did not have',
    remedy: 'Give the data as a file: its fields are all looked up before the first one is replaced.',
  },
  'parquet-invalid': {
    kind: 'input',
    title: 'The Parquet file is damaged or uses what is not supported',
    remedy: 'Write it anew with a current writer, without encryption, or convert it to CSV.',
  },
  'parquet-type': {
    kind: 'input',
    title: 'A Parquet column that is to be replaced has a type that tokens cannot stand for',
    remedy: 'Keep or drop the column, or convert it to strings first.',
  },
  'xlsx-invalid': {
    kind: 'input',
    title: 'The workbook cannot be read',
    remedy: 'Save it anew as .xlsx, without a password, or export the sheet as CSV.',
  },
  'checkpoint-unfit': {
    kind: 'input',
    title: 'The checkpoint does not belong to this run',
    remedy: 'Run the command as it was run before, or without --resume to start anew.',
  },
  'events-refused': {
    kind: 'input',
    title: 'Some events were refused',
    remedy:
      '`sdp spool rejects` says where they stood and why, and writes them to a file; all others were taken care of.',
  },
  'csv-column-unknown': {
    kind: 'input',
    title: 'A named column is not in the file',
    remedy: 'Use a column of the header; names are compared exactly.',
  },
  'csv-column-ambiguous': {
    kind: 'input',
    title: 'A named column stands in the header more than once',
    remedy: 'Rename one of the columns.',
  },
  'column-unconfigured': {
    kind: 'input',
    title: 'The file has columns that the configuration does not name',
    remedy: 'Add them to the configuration, or set `default: keep` or `default: drop`.',
  },
  'value-unfit': {
    kind: 'input',
    title: 'A value cannot be taken by its column’s method',
    remedy:
      'Correct the value, choose another method, or set `on_invalid: token` or `on_invalid: redact` for the column.',
  },
  'results-key-mismatch': {
    kind: 'input',
    title: 'Keys of the raw file and of the results do not fit',
    remedy: 'Check --key-column and --batch-id, or leave out --strict to merge what fits.',
  },
  'raw-pii-found': {
    kind: 'input',
    title: 'Raw personal data was found where only tokens may stand',
    remedy: 'Tokenize the column first. If it is a false alarm, --declare-safe COLUMN answers it.',
    httpStatus: 422,
  },
  'columns-undeclared': {
    kind: 'input',
    title: 'The file has no manifest that fits and its columns are not declared',
    remedy: 'Upload the file that `sdp tokenize-csv` or `tokenize-config` wrote, or declare its columns.',
  },
  'request-invalid': {
    kind: 'input',
    title: 'The request is not valid',
    remedy: 'Correct the fields listed; /openapi.json has the schema.',
    httpStatus: 422,
  },
  'column-not-indexed': {
    kind: 'input',
    title: 'The column was not declared for this kind of search',
    remedy:
      'Declare it at upload: `equal` to find values, `range` to compare and sort them. What was not cannot be searched.',
    httpStatus: 422,
  },
  'request-malformed': {
    kind: 'input',
    title: 'The request body cannot be parsed',
    remedy: 'Send well-formed JSON, NDJSON or CSV in UTF-8 with the matching Content-Type.',
    httpStatus: 400,
  },
  'message-invalid': {
    kind: 'input',
    title: 'A message does not fit its contract',
    remedy: 'Correct the fields listed, or bring sender and receiver to versions that fit.',
    httpStatus: 422,
  },
  'batch-unprocessable': {
    kind: 'input',
    title: 'The batch cannot be processed as asked',
    remedy: 'Correct the parameters or the records and upload again.',
    httpStatus: 422,
  },

  'vault-not-found': {
    kind: 'vault',
    title: 'There is no vault at that path',
    remedy: 'Name it with --vault or SDP_VAULT; tokenizing makes one.',
  },
  'vault-wrong-key': {
    kind: 'vault',
    title: 'The key does not open this vault',
    remedy: 'Use the key with which the vault was made, or the one that `sdp vault rewrap` gave it last.',
  },
  'vault-not-a-vault': {
    kind: 'vault',
    title: 'The file is not an SDP vault of a known version',
    remedy: 'Check --vault and SDP_VAULT, or use a newer sdp.',
  },
  'vault-unusable': {
    kind: 'vault',
    title: 'The vault cannot be opened or written',
    remedy: 'Check its permissions, the free space on the disk and that no backup tool holds it.',
  },
  'audit-unwritable': {
    kind: 'vault',
    title: 'The audit log cannot be written, so nothing was revealed',
    remedy: 'Check the permissions and the free space of the folders of the vault and of SDP_STATE_DIR.',
  },
  'privacy-ledger-unwritable': {
    kind: 'vault',
    title: 'The privacy ledger cannot be written, so nothing was answered',
    remedy: 'Make its folder and SDP_STATE_DIR writable; what is answered has to be charged first.',
  },
  'token-unknown': {
    kind: 'vault',
    title: 'A token is not in the vault',
    remedy: 'Use the vault with which the file was tokenized.',
  },
  'token-collision': {
    kind: 'vault',
    title: 'Two values would share one token',
    remedy: 'Report it; nothing was overwritten.',
  },
  'namespace-mismatch': {
    kind: 'vault',
    title: 'A namespace of the vault is used in another way than it was made for',
    remedy: 'Name another namespace, or use the method and the canonical form that the namespace has.',
  },
  'namespace-unknown': {
    kind: 'vault',
    title: 'The vault has no namespace of that name',
    remedy: '`sdp vault stats` lists the namespaces.',
  },
  'erasure-unfinished': {
    kind: 'vault',
    title: 'Values were erased, but another process keeps the vault’s files from being cleared of them',
    remedy: 'End the other process and run the command again: it clears the files and makes the certificate.',
  },
  'surrogates-exhausted': {
    kind: 'vault',
    title: 'There are too few surrogates of that form for all the values',
    remedy: 'Choose a method with more surrogates, such as token, or split the values over several namespaces.',
  },
  'surrogate-raced': {
    kind: 'vault',
    title: 'Another process gave a surrogate to another value at the same moment',
    remedy: 'Run the command again; nothing was overwritten, and the next run sees what is taken.',
  },
  'key-exhausted': {
    kind: 'vault',
    title: 'A data key has reached the number of encryptions it may make',
    remedy: 'Make a new data key with `sdp vault rekey`, then run the command again.',
  },
  'vault-keys-changed': {
    kind: 'vault',
    title: 'Another process gave the vault new keys in the meantime',
    remedy: 'Run the command again; what it had not finished was not published.',
  },
  'vault-mismatch': {
    kind: 'vault',
    title: 'Two vaults, or a vault and a key bundle, do not fit together',
    remedy: 'Bring only vaults together that were made with one master key or one key bundle.',
  },
  'confirmation-needed': {
    kind: 'usage',
    title: 'The step cannot be undone and was not confirmed',
    remedy: 'Read what it says, and add --yes.',
  },

  'spool-damaged': {
    kind: 'integrity',
    title: 'The spool is not as it was written',
    remedy: 'Look for what changed the files; `sdp spool purge` gives up what waits there and begins anew.',
  },
  'vault-tampered': {
    kind: 'integrity',
    title: 'The vault was changed outside SDP or is damaged',
    remedy: 'Restore a backup; `sdp vault verify` names what is wrong.',
  },
  'certificate-invalid': {
    kind: 'integrity',
    title: 'The certificate was not made by this vault, or was changed',
    remedy: 'Check the file and --vault.',
  },
  'audit-tampered': {
    kind: 'integrity',
    title: 'The audit log is not as it was written',
    remedy: 'See what is wrong with `sdp vault audit verify`, keep the log aside, and find out who changed it.',
  },
  'privacy-ledger-tampered': {
    kind: 'integrity',
    title: 'The privacy ledger is not what was written',
    remedy: 'Put the ledger back as it was, from a backup made after the last answer. Until then nothing is answered.',
  },
  'bundle-invalid': {
    kind: 'integrity',
    title: 'The key bundle does not open',
    remedy: 'Use the master key with which it was exported, and the file as it was exported.',
  },
  'manifest-invalid': {
    kind: 'integrity',
    title: 'The manifest does not fit the file or was not made with this key',
    remedy: 'Tokenize the file again; do not edit a tokenized file.',
  },
  'receipt-invalid': {
    kind: 'integrity',
    title: 'The receipt does not fit the batch',
    remedy: 'Check --batch-id and --server-url, or name the receipt with --receipt.',
  },
  'server-response-invalid': {
    kind: 'integrity',
    title: 'The server sent something it should not have',
    remedy: 'Check --server-url; nothing was written.',
  },
  'vault-copy-incomplete': {
    kind: 'integrity',
    title: 'The copy on the server is not what was pushed',
    remedy:
      'The server, or somebody who can write to its database, has left something away, added or put something back. Find out who, and push a vault that is whole with `sdp vault push --from-scratch`.',
  },
  'record-tampered': {
    kind: 'integrity',
    title: 'Stored data failed its integrity check',
    remedy: 'Stop using this batch and upload it again; an operator must look at the database.',
    httpStatus: 409,
  },
  'spool-busy': {
    kind: 'unavailable',
    title: 'Another process is using the spool',
    remedy: 'Wait for it to end, or give this one a folder of its own with --spool.',
  },
  'events-undelivered': {
    kind: 'unavailable',
    title: 'Events wait in the spool: the server did not take all of them',
    remedy: '`sdp spool flush` sends them, and so does the next run with the same spool.',
  },
  'oidc-unavailable': {
    kind: 'unavailable',
    title: 'The service that people sign in with cannot be reached',
    remedy: 'Try again; an operator finds its address in SDP_OIDC_ISSUER.',
  },
  'anchor-unavailable': {
    kind: 'unavailable',
    title: 'The place outside the database where heads of the audit ledger are kept cannot be reached',
    remedy:
      'Check SDP_AUDIT_ANCHOR and what it needs; the ledger goes on, and its head is put there when that is possible.',
  },
  'ledger-tampered': {
    kind: 'integrity',
    title: 'The audit ledger is not what was signed',
    remedy: 'Keep the database and the anchor as they are, find out who can write to them, and compare with a backup.',
  },
  'backup-unavailable': {
    kind: 'unavailable',
    title: 'The place where messages are kept cannot be used',
    remedy: 'Check the bucket or the directory and who may write there; messages wait in the log until it is back.',
  },
  'backup-tampered': {
    kind: 'integrity',
    title: 'The backup is not what was written',
    remedy: 'Keep it as it is, find out who can write there, and look for another copy of what is missing.',
  },
  'backup-key-unknown': {
    kind: 'integrity',
    title: 'The backup was made with another server key',
    remedy: 'Give the SDP_CRYPTO_KEY of the server that made it, or the server.key of its data folder.',
  },
  'backup-not-configured': {
    kind: 'config',
    title: 'No place for a backup is configured',
    remedy: 'Set S3_BUCKET, or SDP_BACKUP_DIR for a directory.',
  },
  'message-tampered': {
    kind: 'integrity',
    title: 'A message failed its integrity check',
    remedy: 'Look at the dead-letter topic: it was changed, or sealed for another topic, key, schema, event or tenant.',
    httpStatus: 400,
  },
  'message-plaintext': {
    kind: 'integrity',
    title: 'A message is not sealed',
    remedy: 'Find out who writes to the topic without SecureProducer; nothing was handled.',
    httpStatus: 400,
  },
  'message-malformed': {
    kind: 'integrity',
    title: 'A message begins like a sealed one and is none',
    remedy: 'Look at the dead-letter topic: it was cut off or changed, or comes from a newer version.',
    httpStatus: 400,
  },
  'message-unsigned': {
    kind: 'integrity',
    title: 'A message is sealed and not signed',
    remedy: 'Have its sender sign it; docs/messaging.md says how.',
    httpStatus: 400,
  },
  'message-key-unknown': {
    kind: 'integrity',
    title: 'A message names a key that is not in the ring, or is retired',
    remedy: 'Add the key as readable if its sender is trusted, then replay the dead letter.',
    httpStatus: 400,
  },
  'message-stale': {
    kind: 'integrity',
    title: 'A message came to the topic too long after it was sealed, or before',
    remedy: 'Look whether somebody repeats old messages, and at the clocks; an operator may replay the dead letter.',
    httpStatus: 400,
  },
  'message-replayed': {
    kind: 'integrity',
    title: 'A message that was handled before came again',
    remedy: 'Nothing to do: it had no effect. Find out who repeats messages.',
    httpStatus: 409,
  },
  'message-misplaced': {
    kind: 'integrity',
    title: 'The message lies in a partition that its key does not lead to',
    remedy: 'Find out who put it there, or by which number of partitions. Partitions are added only where all is read.',
    httpStatus: 400,
  },
  'message-id-reused': {
    kind: 'integrity',
    title: 'An event id that was handled before came again with other content',
    remedy: 'Correct the sender: an event id names one event for ever.',
    httpStatus: 409,
  },
  'model-tampered': {
    kind: 'integrity',
    title: 'A model package was changed, or none of the trusted keys has signed it',
    remedy:
      'Get it again from whoever signed it; put the public key into SDP_MODEL_TRUSTED_KEYS only if you trust its holder.',
  },
  'deployment-tampered': {
    kind: 'integrity',
    title: 'A deployment of a model was not recorded by this server, or was changed since',
    remedy: 'Find out who writes to the table model_deployment, and restore its rows from a backup.',
  },
  'dead-letter-unproven': {
    kind: 'integrity',
    title: 'The audit trail tells of no message that was refused or given up at the letter’s place',
    remedy:
      'Find out who wrote the letter. Where its consumer keeps an audit trail elsewhere, --unproven replays it all the same.',
  },
  'dead-letter-incomplete': {
    kind: 'integrity',
    title: 'The letter says only where its original lies: it was too large to be kept',
    remedy: 'Read the original in its topic, or have its sender send it anew.',
  },
  'dead-letter-decided': {
    kind: 'rejected',
    title: 'The letter was replayed or discarded before',
    remedy: '`sdp-server dead-letters show` says when. Nothing was done.',
  },
  'dead-letter-count': {
    kind: 'usage',
    title: 'The number of letters is not the one that was confirmed',
    remedy: 'Look at them with `sdp-server dead-letters list`, then give their number with --count.',
  },
  'migration-changed': {
    kind: 'integrity',
    title: 'A migration that was applied has changed since',
    remedy: 'Restore the migration file; add a new migration instead of editing one.',
    httpStatus: 500,
  },

  'server-unreachable': {
    kind: 'unavailable',
    title: 'The server cannot be reached',
    remedy: 'Check --server-url and that the server is running.',
  },
  'kms-unavailable': {
    kind: 'unavailable',
    title: 'The key service cannot be reached or does not answer as it should',
    remedy: 'Check its address and credentials and that it is running, then run the command again.',
  },
  'alert-not-delivered': {
    kind: 'unavailable',
    title: 'A message did not arrive over a channel of alerts',
    remedy:
      'Check the address and the secret that the file of alerts names for the channel; docs/alerts.md has examples.',
  },
  'server-busy': {
    kind: 'unavailable',
    title: 'The server cannot take more work at the moment',
    remedy: 'Try again after the time in Retry-After.',
  },
  'wait-timeout': {
    kind: 'unavailable',
    title: 'The batch was not finished in the time allowed',
    remedy: 'Ask again with `sdp batch-status`, or raise --timeout.',
  },
  'database-unavailable': {
    kind: 'unavailable',
    title: 'The database cannot be reached',
    remedy: 'Check DB_DSN and that PostgreSQL is running.',
  },
  'bus-unavailable': {
    kind: 'unavailable',
    title: 'The message bus cannot be reached',
    remedy: 'Check KAFKA_BROKERS and that the broker is running.',
  },
  'handler-unavailable': {
    kind: 'unavailable',
    title: 'What the handler of a message needs is away, so messages wait',
    remedy: 'Nothing to do: they are tried again by themselves. Look at what the handler needs.',
  },
  'producer-busy': {
    kind: 'unavailable',
    title: 'More is waiting to be sent than the producer may hold',
    remedy: 'Slow down, or raise the producer’s bound in bytes.',
  },
  'model-failed': {
    kind: 'unavailable',
    title: 'The model gave no valid score',
    remedy: 'Go back with `sdp-server models rollback`; transactions wait until then.',
  },
  'model-unconfirmed': {
    kind: 'unavailable',
    title: 'Not every worker has said yet that it runs the new deployment',
    remedy: 'The deployment stands; `sdp-server models list` shows who runs it. Raise --wait for slow workers.',
  },
  'results-not-ready': {
    kind: 'unavailable',
    title: 'The batch has not been processed yet',
    remedy: 'Wait and ask again; `sdp batch-status` shows where it is.',
    httpStatus: 409,
  },

  unauthorized: {
    kind: 'rejected',
    title: 'No valid API key was given, and nobody is signed in',
    remedy: 'Set SDP_API_KEY to a key that the server knows, or sign in.',
    httpStatus: 401,
  },
  forbidden: {
    kind: 'rejected',
    title: 'The role or the API key does not allow this',
    remedy: 'Ask an Admin for the role, or for a key with the scope, that is named; docs/roles.md has the table.',
    httpStatus: 403,
  },
  'sign-in-refused': {
    kind: 'rejected',
    title: 'Name, password or code is not right',
    remedy: 'Try again. An Admin can give a new password, and take away a second factor that was lost.',
    httpStatus: 401,
  },
  'second-factor-needed': {
    kind: 'rejected',
    title: 'The password alone is not enough',
    remedy: 'Send the code that the authenticator shows as well, or a recovery code.',
    httpStatus: 401,
  },
  'new-password-needed': {
    kind: 'rejected',
    title: 'The password was given by somebody else and is good for choosing another one alone',
    remedy: 'Send a new_password with it.',
    httpStatus: 403,
  },
  'second-factor-present': {
    kind: 'rejected',
    title: 'There is a second factor already',
    remedy: 'Remove it first; that takes the password and a code.',
    httpStatus: 409,
  },
  'sign-in-blocked': {
    kind: 'rejected',
    title: 'Too many attempts to sign in failed',
    remedy: 'Wait; Retry-After says how long.',
    httpStatus: 429,
  },
  'cross-site-refused': {
    kind: 'rejected',
    title: 'The request does not prove that it comes from the page of this server',
    remedy: 'Send the session’s csrf_token in the header X-CSRF-Token, from the address that the server is reached by.',
    httpStatus: 403,
  },
  'user-exists': {
    kind: 'rejected',
    title: 'There is a user of this name',
    remedy: 'Choose another name; names of disabled users stay taken.',
    httpStatus: 409,
  },
  'last-admin': {
    kind: 'rejected',
    title: 'Nobody would be left who may manage users',
    remedy: 'Make another user Admin first.',
    httpStatus: 409,
  },
  'not-found': {
    kind: 'rejected',
    title: 'There is no such thing here',
    remedy: 'Check the id; another client’s batches are not visible.',
    httpStatus: 404,
  },
  'precondition-missing': {
    kind: 'rejected',
    title: 'The request does not say which version it is based on',
    remedy: 'Send If-Match with the ETag of the version that was read.',
    httpStatus: 428,
  },
  'version-outdated': {
    kind: 'rejected',
    title: 'The record has a later version',
    remedy: 'Read it again, and make the change on that version.',
    httpStatus: 412,
  },
  'proposal-outdated': {
    kind: 'rejected',
    title: 'The record has a later version than the one the proposal is based on',
    remedy: 'Reject the proposal, and have it made anew on the present version.',
    httpStatus: 409,
  },
  'proposal-decided': {
    kind: 'rejected',
    title: 'The proposal was decided before',
    remedy: 'Nothing to do; read the proposal to see by whom.',
    httpStatus: 409,
  },
  'proposal-own': {
    kind: 'rejected',
    title: 'Nobody decides on their own proposal',
    remedy: 'Ask somebody else who may decide.',
    httpStatus: 403,
  },
  'anomaly-handled': {
    kind: 'rejected',
    title: 'The anomaly is in a state that does not allow this',
    remedy: 'Nothing to do; read the anomaly to see who handled it.',
    httpStatus: 409,
  },
  'idempotency-conflict': {
    kind: 'rejected',
    title: 'The idempotency key was used for another request',
    remedy: 'Use a new idempotency key for new content.',
    httpStatus: 409,
  },
  'vault-copy-changed': {
    kind: 'rejected',
    title: 'Another machine has changed the copy of the vault in the meantime',
    remedy: 'Run the command again.',
    httpStatus: 409,
  },
  'batch-failed': {
    kind: 'rejected',
    title: 'The batch failed',
    remedy: 'See the reason in `sdp batch-status`, correct the input and upload again.',
    httpStatus: 409,
  },
  'batch-quarantined': {
    kind: 'rejected',
    title: 'The batch is quarantined: its data is not what is expected of its source table',
    remedy:
      'GET /api/v1/quality/{job_id} says which expectations failed and in which records. Correct the input and upload it again.',
    httpStatus: 409,
  },
  'rate-limited': {
    kind: 'rejected',
    title: 'Too many requests',
    remedy: 'Slow down; Retry-After says when to go on.',
    httpStatus: 429,
  },
  'payload-too-large': {
    kind: 'rejected',
    title: 'The request is larger than the limit',
    remedy: 'Split the file, or raise the limit on the server.',
    httpStatus: 413,
  },
  'media-type-unsupported': {
    kind: 'rejected',
    title: 'The content type or encoding is not supported',
    remedy: 'Send application/json, application/x-ndjson or text/csv; gzip or zstd if compressed.',
    httpStatus: 415,
  },
  'not-acceptable': {
    kind: 'rejected',
    title: 'None of the formats asked for can be served',
    remedy: 'Ask for application/json, text/csv or application/x-ndjson.',
    httpStatus: 406,
  },
  'group-busy': {
    kind: 'rejected',
    title: 'Consumers of the group are running',
    remedy: 'Stop the workers of that role first, then move the group.',
    httpStatus: 409,
  },
  'model-unknown': {
    kind: 'rejected',
    title: 'There is no such model version',
    remedy: '`sdp-server models list` shows the versions; add one with `sdp-server models add`.',
    httpStatus: 404,
  },
  'model-version-taken': {
    kind: 'rejected',
    title: 'Another model is stored under this version',
    remedy: 'Give the changed model a version of its own: one version names one content for ever.',
    httpStatus: 409,
  },
  'deployment-changed': {
    kind: 'rejected',
    title: 'Another deployment was made in the meantime',
    remedy: 'Look at it with `sdp-server models list` and run the command again if you still want to.',
    httpStatus: 409,
  },
  'deployment-failed': {
    kind: 'rejected',
    title: 'A worker could not load the model, so the deployment before it was restored',
    remedy: 'Correct what the table says of the worker and promote again.',
    httpStatus: 409,
  },
  'key-shared': {
    kind: 'rejected',
    title: 'Client and server hold the same key',
    remedy: 'Give the server a key of its own; with yours it could test guesses against tokens.',
  },
  'policy-violated': {
    kind: 'rejected',
    title: 'The policy of the topic does not allow the message',
    remedy: 'Correct the fields listed: they must be tokens, masked, or left out.',
    httpStatus: 422,
  },
  'topic-forbidden': {
    kind: 'rejected',
    title: 'The role may not do this with the topic',
    remedy: 'Ask for an access rule that allows it, or use the keys of a role that has one.',
    httpStatus: 403,
  },
  'transport-insecure': {
    kind: 'rejected',
    title: 'Plain HTTP is allowed to this machine only',
    remedy: 'Use an https:// address.',
  },

  'gate-not-met': {
    kind: 'gate',
    title: 'A required property was not reached',
    remedy: 'Loosen the requirement or change the input.',
    httpStatus: 422,
  },

  'privacy-budget-spent': {
    kind: 'budget',
    title: 'The privacy budget of the data set does not allow this answer',
    remedy:
      'Ask for less, or with a smaller epsilon; `sdp privacy budget` shows what is left. A budget does not grow again.',
  },
} as const satisfies Record<string, RegistryEntry>;

export type ErrorCode = keyof typeof errorRegistry;

/** The codes that belong to one kind. */
export type CodeOf<K extends ErrorKind> = {
  [C in ErrorCode]: (typeof errorRegistry)[C]['kind'] extends K ? C : never;
}[ErrorCode];

/** Process exit status per kind; documented, so scripts may depend on it. */
export const exitStatus: Readonly<Record<ErrorKind, number>> = {
  internal: 1,
  usage: 2,
  config: 3,
  input: 4,
  vault: 5,
  integrity: 6,
  unavailable: 7,
  rejected: 8,
  gate: 9,
  budget: 10,
  interrupted: 130,
};

const defaultHttpStatus: Readonly<Record<ErrorKind, number>> = {
  internal: 500,
  usage: 400,
  config: 500,
  input: 422,
  vault: 500,
  integrity: 409,
  unavailable: 503,
  rejected: 403,
  gate: 422,
  budget: 403,
  interrupted: 503,
};

/** HTTP status under which a code is reported. */
export function httpStatusOf(code: ErrorCode): number {
  const entry: RegistryEntry = errorRegistry[code];
  return entry.httpStatus ?? defaultHttpStatus[entry.kind];
}

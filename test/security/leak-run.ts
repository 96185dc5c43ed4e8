import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Database from 'better-sqlite3';
import pg from 'pg';
import { embeddedDsn, startEmbeddedPostgres } from '../../server/src/database/index.ts';
import {
  type Evidence,
  filesUnder,
  httpEvidence,
  openedEvidence,
  processEvidence,
  tableEvidence,
  textEvidence,
} from '../support/evidence.ts';
import { canReadKafkaFiles, kafkaEvidence, publishToKafka } from '../support/kafka-evidence.ts';
import { plantedCustomers } from '../support/planted-customers.ts';
import { processesNaming } from '../support/processes.ts';
import { Product, type ProductServer } from '../support/product.ts';
import { type RecordingProxy, startRecordingProxy } from '../support/recording-proxy.ts';
import { TemporaryFiles } from '../support/temporary-files.ts';

export interface Canaries {
  /** Planted into every place. */
  readonly anywhere: string;
  /** Planted as a column to keep: sent on purpose, and sealed wherever the server stores it. */
  readonly kept: string;
  /** In command line and environment of the server, from the start. */
  readonly process: string;
}

/** One full run of the product, everything recorded, and what of it can be searched afterwards. */
export class LeakRun {
  readonly product = Product.create();
  readonly planted = plantedCustomers();
  readonly #canaries: Canaries;
  readonly #brokers: readonly string[] | undefined;
  readonly #cleanUp: (() => unknown)[] = [];
  readonly #clientTmp = new TemporaryFiles(this.product.path('tmp'));
  readonly #serverTmp = new TemporaryFiles(this.product.path('server-tmp'));
  #server!: ProductServer;
  #proxy!: RecordingProxy;
  #dsn!: string;
  #metricsUrls: string[] = [];
  #vault!: Database.Database;

  private constructor(canaries: Canaries, brokers: readonly string[] | undefined) {
    this.#canaries = canaries;
    this.#brokers = brokers;
  }

  /** @param brokers of Kafka, with API and worker apart; without it `serve` with its embedded database and bus */
  static async start(canaries: Canaries, brokers?: readonly string[]): Promise<LeakRun> {
    const run = new LeakRun(canaries, brokers);
    try {
      await run.#startServer();
      await run.#walk();
      return run;
    } catch (error) {
      await run.remove();
      throw error;
    }
  }

  /** Places that must have been searched. */
  places(): string[] {
    const ofBus = this.#brokers ? ['kafka messages'] : ['bus_log'];
    if (this.#brokers && canReadKafkaFiles(this.#brokers)) ofBus.push('kafka files');
    return [
      ...['vault', 'vault wal', 'tokenized', 'manifest', 'receipt', 'client tmp', 'server tmp', 'cli output'],
      ...['http requests', 'http responses', 'log', 'metrics', 'argv', 'environ'],
      ...['server files', 'tables', 'outbox', 'records', 'results', ...ofBus],
    ];
  }

  async *evidence(): AsyncGenerator<Evidence> {
    const { product } = this;
    const files = (place: string, name: string): Evidence => ({ place, name, bytes: product.read(name) });
    yield files('vault', 'token_vault.db');
    yield files('vault wal', 'token_vault.db-wal');
    yield files('vault wal', 'token_vault.db-shm');
    for (const name of this.clientFiles) {
      const place = name.endsWith('.manifest.json') ? 'manifest' : name.includes('receipt') ? 'receipt' : 'tokenized';
      yield files(place, name);
    }
    yield* this.#clientTmp.evidence('client tmp');
    yield* this.#serverTmp.evidence('server tmp');
    yield textEvidence('cli output', 'stdout and stderr', product.printed.join('\n'));
    yield textEvidence('log', 'stdout and stderr', product.serverLog());
    yield* httpEvidence(this.#proxy);
    for (const url of this.#metricsUrls) yield textEvidence('metrics', url, await (await fetch(url)).text());
    yield* processEvidence(processesNaming(product.folder).map(({ pid }) => pid));
    yield* filesUnder('server files', product.path('server'));
    yield* tableEvidence(this.#dsn);
    yield* openedEvidence(this.#dsn, product.read('server.key').toString().trim());
    if (this.#brokers) yield* kafkaEvidence(this.#brokers);
  }

  /** Files that the client wrote beside the vault and the merged results (which hold the raw values on purpose). */
  clientFiles: string[] = [];

  /** Requests that reached the server through the proxy carried the API key in its header. */
  apiKeyHeaders(): number {
    const sent = this.#proxy.recorded().map(({ toServer }) => toServer.toString('latin1'));
    return sent.join('').split(`x-api-key: ${this.product.apiKey}`).length - 1;
  }

  async remove(): Promise<void> {
    this.#clientTmp.stop();
    this.#serverTmp.stop();
    for (const step of this.#cleanUp.reverse()) await step();
    await this.product.remove();
  }

  async #startServer(): Promise<void> {
    const { product } = this;
    const canary = this.#canaries.process;
    const nodeOptions = [`--conditions=${canary}`];
    const environment = { SDP_TEST_CANARY: canary };
    if (this.#brokers) {
      const database = await startEmbeddedPostgres({ dataDir: product.path('server') });
      this.#cleanUp.push(() => database.stop());
      this.#dsn = database.dsn;
      const apart = {
        ...environment,
        DB_DSN_FILE: product.writeSecret('dsn', database.dsn),
        SDP_DATA_DIR: product.path('unused'),
        KAFKA_BROKERS: this.#brokers.join(','),
      };
      this.#server = await product.startServer({ environment: apart, nodeOptions }, ['api']);
      product.startWorker(['worker', '--role', 'scoring'], { environment: apart });
    } else {
      this.#server = await product.startServer({ environment, nodeOptions });
      this.#dsn = embeddedDsn(product.path('server'));
    }
    this.#cleanUp.push(() => product.stop());
    this.#metricsUrls.push(`${this.#server.url}/metrics`);
    this.#proxy = await startRecordingProxy(this.#server.port);
    this.#cleanUp.push(() => this.#proxy.close());
    // A message is in the outbox for a moment only: a trigger keeps a copy of each.
    await this.#sql(`CREATE TABLE outbox_copy AS TABLE outbox WITH NO DATA`);
    await this.#sql(`CREATE FUNCTION copy_outbox() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN INSERT INTO outbox_copy SELECT NEW.*; RETURN NULL; END'`);
    await this.#sql('CREATE TRIGGER copy AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION copy_outbox()');
  }

  /** The user's way, and some wrong turns that must not tell anything either. */
  async #walk(): Promise<void> {
    const { product, planted } = this;
    const url = `http://127.0.0.1:${this.#proxy.port}`;
    product.write('raw.csv', planted.csv);
    product.write('config.yml', planted.config);
    product.write('first.csv', 'id\n1\n');
    await product.sdpOk([
      'tokenize-csv',
      '--input',
      'first.csv',
      '--output',
      'first.out.csv',
      ...sourceTable('first'),
      '--column',
      'id',
    ]);
    // As long as somebody reads an older state, SQLite can't clear away what the next command writes ahead.
    this.#vault = new Database(product.path('token_vault.db'));
    this.#cleanUp.push(() => this.#vault.close());
    this.#vault.exec('BEGIN; SELECT count(*) FROM sqlite_schema');

    const tokenize = ['tokenize-config', '--config', 'config.yml', '--input', 'raw.csv', '--output', 'tokenized.csv'];
    await product.sdpOk(tokenize);
    const batchId = await this.#upload('tokenized.csv');
    await product.sdpOk(['batch-status', '--batch-id', batchId, '--server-url', url]);
    const merge = ['integrate-results', '--batch-id', batchId, '--raw-input', 'raw.csv', '--output', 'merged.csv'];
    await product.sdpOk([...merge, '--key-column', 'customer_id', '--server-url', url]);
    await product.sdpOk(['detokenize', '--input', 'tokenized.csv', '--output', 'revealed.csv', '--reason', 'test']);
    await product.sdpOk(['vault', 'stats']);
    await product.sdpOk(['vault', 'verify']);
    // From stdin: the file is spooled into the folder for temporary files while it is looked at.
    const piped = [
      'upload-batch',
      '--file',
      '-',
      '--manifest',
      'tokenized.csv.manifest.json',
      '--receipt',
      'piped.json',
    ];
    const whose = ['--client-id', product.clientId, '--processing-type', 'risk_scoring', '--server-url', url];
    await product.sdpOk([...piped, ...whose], { stdin: product.read('tokenized.csv') });
    await product.sdpOk([
      'tokenize-config',
      '--config',
      'config.yml',
      '--input',
      'raw.csv',
      '--output',
      'again.csv',
      '--json',
    ]);

    const declared = planted.columns.flatMap((column) => ['--declare', `${column}=keep`]);
    for (const more of [[], declared, [...declared, '--json'], [...declared, '--declare-safe', 'email']]) {
      const refused = await product.sdp(['upload-batch', '--file', 'raw.csv', ...whose, ...more]);
      if (refused.status !== 4) throw new Error(`the raw file was not refused as an input, but with ${refused.status}`);
    }
    await this.#sendRawPastTheClient();
    this.clientFiles = ['tokenized.csv', 'tokenized.csv.manifest.json', 'tokenized.csv.receipt.json'];
  }

  /** Tokenized values aside, what somebody without our client might send: refused, and nothing of it kept or repeated. */
  async #sendRawPastTheClient(): Promise<void> {
    const { planted, product } = this;
    const query = 'processing_type=risk_scoring&key_column=customer_id';
    const answers: string[] = [];
    for (const [type, body] of [
      ['text/csv', planted.csv],
      ['application/json', Buffer.from(`{"records":[${JSON.stringify(planted.csv.toString())}]}`)],
      ['application/json', Buffer.from(`{"${planted.csv.subarray(400, 500).toString('base64')}`)],
    ] as const) {
      const response = await fetch(`${this.#server.url}/api/v1/process?${query}`, {
        method: 'POST',
        headers: { 'x-api-key': product.apiKey, 'content-type': type },
        body,
      });
      if (response.ok) throw new Error('the server took raw personal data');
      answers.push(await response.text());
    }
    product.printed.push(...answers);
  }

  async #upload(file: string, ...more: string[]): Promise<string> {
    const url = `http://127.0.0.1:${this.#proxy.port}`;
    const args = ['upload-batch', '--file', file, '--client-id', this.product.clientId, '--server-url', url];
    const outcome = await this.product.sdpJson([...args, '--processing-type', 'risk_scoring', '--wait', ...more]);
    return String(outcome['batch_id']);
  }

  /** Leaks the canaries into every place, each by a way of its own. */
  async plantCanaries(): Promise<void> {
    const { product } = this;
    const { anywhere, kept } = this.#canaries;
    // By the product itself: as a column that is kept, as the table's name, as the key that results carry.
    product.write('kept.csv', `id,note,${'LIMIT_BAL'}\n1,${kept} ${anywhere},5\n`);
    const output = ['--output', 'kept.out.csv', ...sourceTable(anywhere)];
    await product.sdpOk(['tokenize-csv', '--input', 'kept.csv', ...output, '--column', 'id', '--key-column', 'note']);
    const batchId = await this.#upload('kept.out.csv', '--key-column', 'note');
    await fetch(`http://127.0.0.1:${this.#proxy.port}/api/v1/results/${batchId}`, {
      headers: { 'x-api-key': product.apiKey },
    }).then((response) => response.text());
    await product.sdpOk(['vault', 'stats']);
    this.clientFiles = ['kept.out.csv', 'kept.out.csv.manifest.json', 'kept.out.csv.receipt.json'];
    product.write('kept.out.csv.receipt.json', `${product.read('kept.out.csv.receipt.json').toString()}\n${anywhere}`);
    product.write('tmp/canary', anywhere);
    product.write('server-tmp/canary', anywhere);
    // A request id that the client chooses is logged and sent back.
    await fetch(`${this.#server.url}/api/v1/batches`, {
      headers: { 'x-api-key': product.apiKey, 'x-request-id': anywhere },
    });
    this.#metricsUrls.push(await this.#serveText(`leaked{value="${anywhere}"} 1`));

    // Into the vault, once checkpointed and once only in the log; no command takes the vault as it is after that.
    // (A new connection: the old one lost its locks when this process read the file by itself, as POSIX has it.)
    this.#vault.close();
    this.#vault = new Database(product.path('token_vault.db'));
    this.#vault.exec('CREATE TABLE canary (value TEXT)');
    this.#vault.prepare('INSERT INTO canary VALUES (?)').run(anywhere);
    this.#vault.pragma('wal_checkpoint(TRUNCATE)');
    this.#vault.prepare('INSERT INTO canary VALUES (?)').run(`${anywhere} again`);

    // Into the database.
    await this.#sql(`UPDATE api_key SET label = '${anywhere}'`);
    await this.#sql(
      `INSERT INTO outbox (topic, key, value) VALUES ('leak', 'canary', convert_to('${anywhere}', 'UTF8'))`,
    );
    if (this.#brokers) await publishToKafka(this.#brokers, 'batch.risk_scoring.dlq', anywhere);
    else {
      await this.#sql(`INSERT INTO bus_log (topic, partition, "offset", segment, key, value)
                       SELECT 'leak', 0, 0, segment, 'canary', convert_to('${anywhere}', 'UTF8') FROM bus_log LIMIT 1`);
    }
  }

  async #serveText(text: string): Promise<string> {
    const server = createServer((_request, response) => response.end(text)).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    this.#cleanUp.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  }

  async #sql(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#dsn });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

function sourceTable(name: string): string[] {
  return ['--source-table', name];
}

// `npm run bench [-- tokenize large again methods scan vault values peers ingest intake followers records end-to-end hops integrity messaging decisions models transactions anonymize analysis alerts anomaly backup series templates overload soak soak-short-memory soak-kafka] [--rows N] [--runs N]`: prints Markdown tables; docs/benchmarks.md holds a run of it.
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { benchAgain } from './again.bench.ts';
import { benchAlertLatency } from './alert-latency.bench.ts';
import { benchAnalysis } from './analysis.bench.ts';
import { benchAnomaly } from './anomaly.bench.ts';
import { benchAnonymize } from './anonymize.bench.ts';
import { benchBackup } from './backup.bench.ts';
import { benchDecisions } from './decisions.bench.ts';
import { benchEndToEnd } from './end-to-end.bench.ts';
import { benchFollowers } from './followers.bench.ts';
import { benchHops } from './hops.bench.ts';
import { benchIngest } from './ingest.bench.ts';
import { benchIntake } from './intake.bench.ts';
import { benchIntegrity } from './integrity.bench.ts';
import { benchMessaging } from './messaging.bench.ts';
import { benchMethods } from './methods.bench.ts';
import { benchModels } from './models.bench.ts';
import { benchOverload } from './overload.bench.ts';
import { benchPeers } from './peers.bench.ts';
import { benchRecords } from './records.bench.ts';
import { benchScan } from './scan.bench.ts';
import { benchSeries } from './series.bench.ts';
import { benchSoak } from './soak.bench.ts';
import { benchTemplates } from './templates.bench.ts';
import { benchLarge, benchTokenize } from './tokenize.bench.ts';
import { benchTransactions } from './transactions.bench.ts';
import { benchValues } from './values.bench.ts';
import { benchVault } from './vault.bench.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string' }, runs: { type: 'string', default: '3' } },
});
const runs = Number(values.runs);
const rowsOr = (usual: number) => Number(values.rows ?? usual);

const benches: Record<string, () => Promise<string>> = {
  tokenize: () => benchTokenize({ rows: rowsOr(1_000_000), runs }),
  large: () => benchLarge({ rows: rowsOr(10_000_000) }),
  again: () => benchAgain({ rows: rowsOr(1_000_000), runs, tokens: 10 * rowsOr(1_000_000) }),
  methods: () => benchMethods({ rows: rowsOr(1_000_000), runs }),
  scan: () => benchScan({ rows: rowsOr(1_000_000), runs }),
  vault: () => benchVault({ entries: rowsOr(1_000_000), runs }),
  values: () => benchValues({ values: rowsOr(1_000_000), runs }),
  peers: () => benchPeers({ rows: rowsOr(200_000), runs }),
  ingest: () => benchIngest({ rows: rowsOr(200_000), runs }),
  intake: () => benchIntake({ events: rowsOr(300_000) }),
  followers: () => benchFollowers({ events: rowsOr(200_000) }),
  records: () => benchRecords({ rows: rowsOr(1_000_000) }),
  'end-to-end': () => benchEndToEnd({ rows: rowsOr(200_000), runs }),
  hops: () => benchHops({ seconds: 10 }),
  integrity: () => benchIntegrity({ rows: rowsOr(1_000_000) }),
  messaging: () => benchMessaging({ messages: rowsOr(50_000), runs }),
  decisions: () => benchDecisions({ transactions: rowsOr(500_000) }),
  models: () => benchModels({ swaps: rowsOr(20) }),
  anonymize: () => benchAnonymize({ rows: rowsOr(1_000_000), runs }),
  analysis: () => benchAnalysis({ events: rowsOr(300_000) }),
  alerts: () => benchAlertLatency({ seconds: rowsOr(60) }),
  anomaly: () => benchAnomaly(),
  backup: () => benchBackup({ messages: rowsOr(50_000) }),
  series: () => benchSeries(),
  overload: () => benchOverload({ seconds: rowsOr(30) }),
  soak: () => benchSoak({ minutes: rowsOr(60) }),
  'soak-short-memory': () => benchSoak({ minutes: rowsOr(30), repeatMinutes: 5 }),
  'soak-kafka': () => benchSoak({ minutes: rowsOr(60), bus: 'kafka' }),
  templates: () => benchTemplates(),
  transactions: () => benchTransactions({ seconds: rowsOr(30) }),
};

const processor = cpus();
console.log(
  `${processor[0]?.model.trim()}, ${processor.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.version}; medians of ${runs} pairs, run in turn.\n`,
);
for (const [name, bench] of Object.entries(benches)) {
  // A soak takes an hour: only where it is asked for.
  if (positionals.length > 0 ? !positionals.includes(name) : name.startsWith('soak')) continue;
  console.log(`## ${name}\n\n${await bench()}\n`);
}

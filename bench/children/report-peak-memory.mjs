// Preloaded into a measured process: leaves its largest resident set (getrusage counts kilobytes) where the bench looks.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.env.SDP_BENCH_PEAK_FILE) {
  process.on('exit', () => {
    writeFileSync(process.env.SDP_BENCH_PEAK_FILE, String(process.resourceUsage().maxRSS * 1024));
  });
}

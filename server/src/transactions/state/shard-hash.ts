/** FNV-1a over UTF-16 units, 32 bits: spreads keys over shards. The same for ever, as snapshots depend on it. */
export function shardHash(key: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193);
  // The low bits of FNV alone are weak.
  return (hash ^ (hash >>> 15)) >>> 0;
}

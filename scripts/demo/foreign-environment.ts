const ours = /^(SDP_|KAFKA_|DB_DSN|POSTGRES_|ENVIRONMENT$|PROMETHEUS_)/;

/**
 * The environment without the variables that SDP reads: those of the caller's shell belong to the caller's own vault and
 * server, and above all no server must get the client's key.
 */
export function foreignEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

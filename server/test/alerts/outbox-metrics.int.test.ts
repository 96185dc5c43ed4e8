import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { raiseAlert, watchAlertOutbox } from '../../src/alerts/index.ts';
import { createPool } from '../../src/database/index.ts';

it('the outbox shows how much waits and for how long, and no stale figure while the database is away', async () => {
  const database = await startTestDatabase();
  const pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  const registry = new Registry();
  watchAlertOutbox(registry, pool);
  const clock = vi.spyOn(performance, 'now');
  let atMs = 0;
  clock.mockImplementation(() => atMs);
  const figures = async () => {
    // Behind what is still known.
    atMs += 6_000;
    const text = await registry.metrics();
    return ['sdp_alert_outbox', 'sdp_alert_outbox_oldest_seconds'].map((name) =>
      Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]),
    );
  };
  try {
    expect(await figures()).toEqual([0, 0]);
    for (const title of ['one', 'two']) {
      await raiseAlert(pool, {
        clientId: null,
        type: 'test',
        level: 'INFO',
        title,
        message: '',
        tags: {},
        metrics: {},
      } as never);
    }
    await pool.query(
      "UPDATE alert_outbox SET created_at = created_at - interval '1 hour' WHERE payload ->> 'title' = 'two'",
    );
    await pool.query("UPDATE alert_outbox SET state = 'done' WHERE payload ->> 'title' = 'one'");
    const [alerts, seconds] = await figures();
    expect(alerts).toBe(1);
    expect(seconds).toBeGreaterThanOrEqual(3_600);
    await pool.query('DROP TABLE alert_outbox CASCADE');
    expect((await figures()).filter((value) => value > 0)).toEqual([]);
  } finally {
    clock.mockRestore();
    await pool.end();
    await database.stop();
  }
});

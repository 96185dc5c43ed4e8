// Runs the PostgreSQL of a test run: writes how to reach it as one line of JSON, and stops it when standard input ends.
import { text } from 'node:stream/consumers';
import { startSharedPostgres } from './shared-postgres.ts';

const { dsn, template, stop } = await startSharedPostgres();
process.stdout.write(`${JSON.stringify({ dsn, template })}\n`);
// A signal from the keyboard is for the test runner, which closes the pipe when it is done.
process.on('SIGINT', () => undefined);
await text(process.stdin);
await stop();

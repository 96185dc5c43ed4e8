import { main } from '../../src/processes/main.ts';

// The program from source, so that the test needs no build.
await main(process.argv.slice(2), process.env);
process.exit();

#!/usr/bin/env node
import { main } from '../dist/processes/main.js';

await main(process.argv.slice(2), process.env);
// What still holds the event loop by now (a handle of a part that stopped at its deadline) holds nothing that matters.
process.exit();

import { describe } from 'vitest';
import { killSuite } from './support/kill-suite.ts';

describe('transactions on the embedded bus', () => killSuite('apart'));

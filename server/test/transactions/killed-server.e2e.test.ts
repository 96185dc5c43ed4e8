import { describe } from 'vitest';
import { killSuite } from './support/kill-suite.ts';

describe('transactions in one process, whose stages hand over what is not stored yet', () => killSuite('together'));

import { describe } from 'vitest';
import { killSuite } from './support/kill-suite.ts';

describe('analysis on the embedded bus', () => killSuite());

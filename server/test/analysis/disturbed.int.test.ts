import { describe } from 'vitest';
import { disturbanceSuite } from './support/disturbance-suite.ts';

describe('workers of the analysis on the embedded bus', () => disturbanceSuite());

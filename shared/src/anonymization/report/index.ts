export { type Protection, protectionOf, type SensitiveProtection } from './protection.ts';
export { inversePopulationSize, type ReidentificationRisk, type RiskOptions, riskOf } from './risk.ts';
export { tableClasses } from './table-classes.ts';
export { type Utility, utilityOf } from './utility.ts';
export { writtenProtection, writtenRisk, writtenUtility } from './written-report.ts';

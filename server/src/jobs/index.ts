export { jobPaths } from './jobs-api.ts';
export { type JobsApiOptions, jobsApi } from './jobs-router.ts';

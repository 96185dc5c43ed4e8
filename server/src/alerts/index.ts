export { type AlertWorker, type AlertWorkerOptions, startAlertWorker } from './alert-worker.ts';
export { createChannel } from './channels/create-channel.ts';
export { type LoadAlertsOptions, type LoadedAlerts, loadAlerts } from './load-alerts.ts';
export { raiseAlert, type SystemAlert } from './raise-alert.ts';

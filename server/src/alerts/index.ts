export { type AlertWorker, type AlertWorkerOptions, startAlertWorker } from './alert-worker.ts';
export { alertPaths } from './api/alert-paths.ts';
export { type NotificationRoutesOptions, notificationRoutes } from './api/notification-routes.ts';
export { type SilenceRoutesOptions, silenceRoutes } from './api/silence-routes.ts';
export { createChannel } from './channels/create-channel.ts';
export { type LoadAlertsOptions, type LoadedAlerts, loadAlerts } from './load-alerts.ts';
export { raiseAlert, type SystemAlert } from './raise-alert.ts';

export { Delivery, type DeliveryTuning } from './delivery.ts';

export type * from './aggregate.ts';
export type * from './format.ts';
export type * from './operator.ts';
export type { Origin, Reject, RejectReason } from './reject.ts';
export { REJECT_BYTES_KEPT } from './reject.ts';
export type * from './sink.ts';
export type * from './source.ts';
export type * from './state.ts';
export type * from './window.ts';

export { countWindow } from './count-window.ts';
export { cumulative } from './cumulative.ts';
export { countEvictor, deltaEvictor, timeEvictor } from './evictors.ts';
export { globalWindow } from './global-window.ts';
export type { WindowOptions } from './pane-assigner.ts';
export { session, type SessionOptions } from './session.ts';
export { sliding } from './sliding.ts';
export { countTrigger, earlyFiring, eventTimeTrigger, never, processingTimeTrigger, purging } from './triggers.ts';
export { tumbling } from './tumbling.ts';

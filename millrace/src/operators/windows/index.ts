export { aggregating, processing, type ProcessWindow, reducing, type WindowFunction } from './window-function.ts';
export { coGroup, type CoGroupWindow, windowJoin, type WindowPairSpec } from './window-join.ts';
export { windowOperator, type WindowOperatorSpec } from './window-operator.ts';

export { coGroup, type CoGroupWindow, windowJoin, type WindowPairSpec } from './window-join.ts';
export { windowOperator } from './window-operator.ts';

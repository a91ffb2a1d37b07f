export { asyncIteratorSink, type AsyncIteratorSink, type AsyncIteratorSinkOptions } from './async-iterator-sink.ts';
export { blackhole, type Blackhole } from './blackhole.ts';
export { callback } from './callback.ts';
export { fromArray, type FromArrayOptions } from './from-array.ts';
export { fromIterable, type FromIterableOptions } from './from-iterable.ts';
export { toArray } from './to-array.ts';

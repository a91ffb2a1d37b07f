export { PipelineTest, SinkTest, SourceTest, type TestOptions, testPipeline } from './test-pipeline.ts';
export { VirtualTime } from './virtual-time.ts';
export type { Received } from './test-sink.ts';

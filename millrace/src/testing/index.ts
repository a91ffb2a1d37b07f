export { PipelineTest, SinkTest, SourceTest, type TestOptions, testPipeline } from './test-pipeline.ts';
export type { Received } from './test-sink.ts';

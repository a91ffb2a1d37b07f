/**
 * Every error code with its meaning and what to do. Codes are stable: they are never renamed or reused.
 * `docs/errors.md` lists them, and a test compares the two in both directions.
 */
export const errorCatalogue = {
  AGGREGATE_INVALID: {
    summary: 'an aggregate was given something it cannot use',
    advice: 'see what is expected; the bounds of every option stand in the documentation of aggregates',
  },
  AGGREGATE_NAME: {
    summary: 'the results of an aggregate cannot be named so',
    advice: 'name each aggregate as the field its result becomes: { flights: count() }',
  },
  CLI_USAGE: {
    summary: 'the command line cannot be understood',
    advice: 'millrace --help',
  },
  CONNECTION_LOST: {
    summary: 'a connection broke that is not to be made again',
    advice: 'see the cause; leave `reconnect: false` out to have it made again',
  },
  CONNECT_FAILED: {
    summary: 'a connection could not be made',
    advice: 'see that the server runs and can be reached, or raise `reconnect.attempts`',
  },
  DURATION_INVALID: {
    summary: 'a duration could not be read',
    advice: "give milliseconds as a number, or text such as '5s'",
  },
  FILE_CHANGED: {
    summary: 'a file is not the one that was being read',
    advice: 'a bounded read needs files that stay as they are; use `follow: true` for files that grow or are rotated',
  },
  FILE_CORRUPT: {
    summary: 'a file is damaged or was cut off',
    advice: 'write the file again; nothing of it was skipped',
  },
  FILE_FORMAT_UNKNOWN: {
    summary: 'the format of a file is not known',
    advice: 'set `format`, or use one of the extensions .jsonl, .ndjson, .json, .csv, .txt, .log, .parquet',
  },
  FILE_NOT_FOUND: {
    summary: 'there is no such file',
    advice: 'correct the path; relative ones start at the working directory. `follow: true` waits for files that come later',
  },
  FILE_READ_FAILED: {
    summary: 'a file cannot be read',
    advice: 'see the cause',
  },
  FILE_WRITE_FAILED: {
    summary: 'a file cannot be written',
    advice: 'see the cause; what was published before stays, and the unfinished file keeps its name .*.inprogress',
  },
  HTTP_POST_FAILED: {
    summary: 'records could not be posted',
    advice: 'see the last answer; raise `retry.attempts` to bridge longer outages',
  },
  ITERABLE_CONSUMED: {
    summary: 'an iterable cannot be read from its beginning again',
    advice: 'give a function that makes the iterable: fromIterable(() => read())',
  },
  LISTEN_FAILED: {
    summary: 'a port could not be listened on',
    advice: 'choose a free port; 0 lets the system choose one',
  },
  NAME_INVALID: {
    summary: 'a name cannot be given to an operator',
    advice: 'choose a name that is not empty, is used once in the pipeline and contains no slash',
  },
  OPERATOR_FAILED: {
    summary: 'an operator cannot go on',
    advice: 'see the cause; the records read so far have not been lost from their source',
  },
  OPTION_INVALID: {
    summary: 'an option has a value that cannot be used',
    advice: 'see what is expected',
  },
  PIPELINE_RUNNING: {
    summary: 'the pipeline is running already',
    advice: 'wait for `done` of its job, or make a second pipeline',
  },
  PIPELINE_STUCK: {
    summary: 'the pipeline waits for something that can no longer come',
    advice: 'see that every promise settles, or give the calls a timeout',
  },
  PLAN_NO_EVENT_TIME: {
    summary: 'an operator needs event time, and the stream has none',
    advice: "call .eventTime(record => record.time, { outOfOrderness: '5s' }) before it, or choose windows of { time: 'processing' }",
  },
  PLAN_NO_SINK: {
    summary: 'the pipeline has no sink, so that nothing it computes would go anywhere',
    advice: 'end at least one stream with .to(...)',
  },
  PLAN_SINK_MODE: {
    summary: 'a sink does not take the kind of stream it is given',
    advice: 'aggregate by key before the sink, or use a sink that takes it',
  },
  PROGRAM_NOT_FOUND: {
    summary: 'there is no such program',
    advice: 'give the path of a TypeScript or JavaScript module',
  },
  PROGRAM_NOT_LOADED: {
    summary: 'the program cannot be loaded',
    advice: 'see the cause',
  },
  PROGRAM_NO_PIPELINE: {
    summary: 'the program does not export a pipeline',
    advice: "end the program with `export default p;`, where `const p = pipeline('...');`, or export a function that returns it",
  },
  PROJECT_NOT_MADE: {
    summary: 'a new project cannot be made',
    advice: 'see what is expected',
  },
  REJECTS_FAILED: {
    summary: 'the reject stream itself cannot be processed',
    advice: 'correct the operator behind `rejects`; it must not throw',
  },
  SCHEMA_ASYNC: {
    summary: 'a schema validates asynchronously',
    advice: 'leave asynchronous checks to `mapAsync`, which bounds and retries them',
  },
  SCHEMA_COLUMNS: {
    summary: 'a file does not have the columns that its schema asks for',
    advice: 'correct the schema, or make the field optional',
  },
  SCHEMA_INVALID: {
    summary: 'a schema cannot be used',
    advice: 'give a Standard Schema (zod, valibot, arktype) or a JSON Schema',
  },
  SINK_FAILED: {
    summary: 'a sink cannot write',
    advice: 'see the cause; the pipeline stops so that nothing is lost in silence',
  },
  SINK_IN_USE: {
    summary: 'a sink that feeds one reader was opened a second time',
    advice: 'make one for each run',
  },
  SOURCE_FAILED: {
    summary: 'a source cannot be read',
    advice: 'see the cause; the pipeline stops so that nothing is lost in silence',
  },
  SPLIT_GONE: {
    summary: 'the state was reading something that the source does not have any more',
    advice: 'bring it back, or start with a new state directory',
  },
  STATE_CORRUPT: {
    summary: 'stored state is damaged',
    advice: 'bring the state directory back from a backup, or start with a new one; nothing was changed in it',
  },
  STATE_KEY: {
    summary: 'stored state cannot be read with this key',
    advice: 'set MILLRACE_STATE_KEY to the key with which the state directory was made: 32 bytes in hex or base64',
  },
  STATE_LOCKED: {
    summary: 'another process uses the state directory',
    advice: 'stop that process, or give this one a state directory of its own',
  },
  STATE_NAME_TAKEN: {
    summary: 'two pieces of state of one function have the same name',
    advice: 'give each a name of its own',
  },
  STATE_NOT_SERIALIZABLE: {
    summary: 'a value of state is no plain data, so that it cannot be saved',
    advice:
      'keep numbers, texts, booleans, bigints, dates, arrays, plain objects, Map, Set and binary data in state, and make other things of them where they are used',
  },
  TIME_ZONE_INVALID: {
    summary: 'a time zone is not known',
    advice: "give the name of an IANA time zone such as 'America/New_York', or leave it out for UTC",
  },
  TOKEN_REQUIRED: {
    summary: 'a server that other machines can reach has no token',
    advice: 'set `token`, or leave `host` out so that only this machine can connect',
  },
  STATE_OTHER_PIPELINE: {
    summary: 'the state belongs to another pipeline',
    advice: 'give each pipeline a state directory of its own; the name of the pipeline tells them apart',
  },
  STATE_UNAVAILABLE: {
    summary: 'the state directory cannot be used',
    advice: 'see the cause; what was saved before stays',
  },
  STATE_VERSION: {
    summary: 'the state was written by another version of Millrace in a form that this one cannot read',
    advice: 'run it with the version that wrote it, or newer',
  },
  TEST_UNKNOWN_NODE: {
    summary: 'a test asks for a source or sink that the pipeline does not have',
    advice: 'use the id that `millrace plan` shows, or name it',
  },
  WINDOW_INVALID: {
    summary: 'a window cannot be made as described',
    advice: 'see what is expected; the bounds of every window, trigger and evictor stand in the documentation of windows',
  },
} as const satisfies Record<string, { summary: string; advice: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

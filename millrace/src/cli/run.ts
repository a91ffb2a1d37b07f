import type { Pipeline, RunOptions } from '../api/pipeline.ts';
import type { Duration } from '../base/duration.ts';
import { MillraceError } from '../base/errors.ts';
import { systemEnvironment } from '../base/system.ts';
import { rejectLog } from '../connectors/rejects/index.ts';
import type { Plan } from '../plan/graph.ts';
import { readsRejects } from '../plan/reject-sink.ts';
import type { Job } from '../runtime/job.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { jsonReport } from './json-report.ts';
import { loadProgram } from './load-program.ts';
import { isMillraceError } from './print-error.ts';
import { RunningJob } from './running-job.ts';
import { quietReport, textReport } from './text-report.ts';
import { sendWarnings } from './warnings.ts';

export const runCommand = defineCommand({
  name: 'run',
  operands: ['<program>'],
  takesRest: true,
  options: {
    rejects: { type: 'string', value: 'file', description: 'append rejected records to this file\n(default: <pipeline>.rejects.jsonl)' },
    state: {
      type: 'string',
      value: 'directory',
      description: 'keep state and positions here, and go on from them\n(encrypted with the key in MILLRACE_STATE_KEY, if there is one)',
    },
    epoch: { type: 'string', value: 'time', description: 'time between two commits of state and results (default: 1s)' },
    json: { type: 'boolean', description: 'progress, summary and errors as lines of JSON on stderr' },
    quiet: { type: 'boolean', short: 'q', description: 'no progress and no summary, only what went wrong' },
    verbose: { type: 'boolean', description: 'errors with their whole stack' },
  },
  description: `Runs the pipeline that a program exports: a TypeScript or JavaScript module whose default export
is a Pipeline or a function returning one. TypeScript needs no build step.

Progress and a summary go to stderr, stdout belongs to the sinks. Ctrl-C or SIGTERM stops reading,
lets what has been read run through, and ends; a second one ends at once. With --state the run
is suspended: the next one goes on from there, also after a crash or kill -9. Files then hold each
result exactly once, other sinks get it at least once.

Exit codes: 0 finished or stopped, 1 the pipeline failed, 2 wrong usage or the program cannot be
loaded, 130 (143) ended at once by a second Ctrl-C (SIGTERM).`,
  examples: ['millrace run flights.ts', 'millrace run flights.ts --rejects bad.jsonl -- --year 2001'],
  run: async ({ operands: [file = ''], options: { json = false, quiet = false, verbose = false, rejects, state, epoch }, rest }) => {
    const report = json ? jsonReport() : quiet ? quietReport({ verbose }) : textReport({ verbose });
    sendWarnings(text => report.warning(text));
    try {
      const pipeline = await loadProgram(file, rest);
      const plan = pipeline.plan();
      const log = rejectLogPath(plan, rejects);
      const job = start(pipeline, file, {
        ...(log !== undefined && { rejects: rejectLog(log) }),
        ...stateOptions(state, epoch, process.env.MILLRACE_STATE_KEY),
      });
      return await new RunningJob(job, plan, report, systemEnvironment).untilEnd(log);
    } catch (error) {
      report.refused(error);
      return isMillraceError(error) ? exitCodes.usage : exitCodes.failed;
    }
  },
});

/** Undefined when the program reads the reject stream itself. */
function rejectLogPath(plan: Plan, rejects: string | undefined): string | undefined {
  if (!readsRejects(plan)) return rejects ?? `${plan.pipeline}.rejects.jsonl`;
  if (rejects === undefined) return undefined;
  throw new MillraceError('CLI_USAGE', {
    where: 'millrace run --rejects',
    expected: 'a program that does not read its reject stream itself',
    got: `--rejects ${rejects}, and a pipeline whose program reads \`rejects\``,
    hint: 'leave --rejects out',
  });
}

function stateOptions(state: string | undefined, epoch: string | undefined, key: string | undefined): RunOptions {
  if (state === undefined) {
    if (epoch === undefined) return {};
    throw new MillraceError('CLI_USAGE', { where: 'millrace run --epoch', expected: '--state with it', got: 'no --state' });
  }
  return {
    state,
    ...(key !== undefined && { stateKey: key }),
    ...(epoch !== undefined && { epochInterval: epoch as Duration }),
  };
}

function start(pipeline: Pipeline, file: string, options: RunOptions): Job {
  try {
    return pipeline.start(options);
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'PIPELINE_RUNNING') throw error;
    throw new MillraceError('PIPELINE_RUNNING', {
      where: file,
      hint: 'the program starts its pipeline itself: leave that to `millrace run`, or run the program with `node`',
    });
  }
}

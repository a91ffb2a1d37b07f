import { formatDuration } from '../base/duration.ts';
import { coarseDuration, grouped, progressParts, rate } from './format-figures.ts';
import { LiveArea } from './live-area.ts';
import { type PrintOptions, printError } from './print-error.ts';
import type { RunEnd, RunReport, StopSignal } from './run-report.ts';

const LIVE_PERIOD_MS = 200;
const LINE_PERIOD_MS = 10_000;
/** Newest warnings that stand in the live area; all of them are told at the end. */
const WARNINGS_SHOWN = 3;

/** Progress and a summary for people. On a terminal the progress is a live area, elsewhere a line now and then. */
export function textReport(options: PrintOptions): RunReport {
  const { stdout, stderr } = process;
  const live = stderr.isTTY && process.env.TERM !== 'dumb';
  return live ? terminalReport(new LiveArea(stderr, stdout.isTTY ? [stdout] : []), options) : lineReport(options);
}

function terminalReport(area: LiveArea, options: PrintOptions): RunReport {
  const warnings: string[] = [];
  let draining: string | undefined;
  return {
    periodMs: LIVE_PERIOD_MS,
    progress: figures => {
      const { pipeline, elapsedMs } = figures.metrics;
      const { counts, state } = progressParts(figures);
      const lines = [`${pipeline}  ${coarseDuration(elapsedMs)}  ${counts}`];
      if (state !== '') lines.push(`${' '.repeat(pipeline.length)}  ${state}`);
      if (draining !== undefined) lines.push(draining);
      area.draw([...lines, ...warnings.slice(-WARNINGS_SHOWN)]);
    },
    // In the area, and not above it: a line in between would push away what a sink draws over and over, as a table does.
    draining: signal => {
      draining = drainingText(signal);
    },
    warning: text => void warnings.push(text),
    end: end => {
      area.close();
      for (const text of warnings) writeLine(text);
      writeEnd(end, options);
    },
    refused: error => {
      for (const text of warnings) writeLine(text);
      printError(error, options);
    },
  };
}

function lineReport(options: PrintOptions): RunReport {
  return {
    periodMs: LINE_PERIOD_MS,
    progress: figures => {
      const { counts, state } = progressParts(figures);
      const { pipeline, elapsedMs } = figures.metrics;
      writeLine(`${pipeline}  ${coarseDuration(elapsedMs)}  ${counts}  ${state}`.trimEnd());
    },
    draining: signal => writeLine(drainingText(signal)),
    warning: writeLine,
    end: end => writeEnd(end, options),
    refused: error => printError(error, options),
  };
}

/** Nothing but errors, of the pipeline and of records. */
export function quietReport(options: PrintOptions): RunReport {
  return {
    periodMs: undefined,
    progress: () => {},
    draining: () => {},
    warning: () => {},
    end: end => {
      if (end.figures.rejected > 0) writeLine(`${end.figures.metrics.pipeline}: rejected ${rejectedSummary(end)}`);
      if (end.outcome === 'failed') printError(end.error, options);
    },
    refused: error => printError(error, options),
  };
}

function writeEnd(end: RunEnd, options: PrintOptions): void {
  if (end.readerGone && end.outcome !== 'failed') return;
  writeLine(summary(end));
  if (end.outcome !== 'failed') return;
  writeLine('');
  printError(end.error, options);
}

function drainingText(signal: StopSignal): string {
  return `${signal === 'SIGINT' ? 'Ctrl-C' : signal}: draining; once more to end at once`;
}

const ENDED = {
  finished: ['finished', ''],
  drained: ['stopped', '; all that had been read was processed'],
  suspended: ['suspended', '; the next run with this state goes on from here'],
  aborted: ['ended at once', '; what was under way was given up'],
  failed: ['failed', ''],
} as const;

/** `3 (1 failed, 2 late), in words.rejects.jsonl` */
function rejectedSummary({ figures: { metrics, rejected }, rejectLog }: RunEnd): string {
  if (rejected === 0) return 'none';
  const reasons = Object.entries(metrics.rejected).map(([reason, n]) => `${grouped(n)} ${reason}`);
  return `${grouped(rejected)} (${reasons.join(', ')}), ${rejectLog === undefined ? 'taken by the program' : `in ${rejectLog}`}`;
}

function summary(end: RunEnd): string {
  const { metrics, meanRecordsPerSecond } = end.figures;
  const [ended, remark] = ENDED[end.outcome];
  return [
    `${metrics.pipeline} ${ended} after ${exactDuration(metrics.elapsedMs)}${remark}`,
    `  in        ${grouped(metrics.recordsIn)} events, ${rate(meanRecordsPerSecond)}`,
    `  out       ${grouped(metrics.recordsOut)} events`,
    `  rejected  ${rejectedSummary(end)}`,
    `  memory    ${grouped(end.peakMemoryBytes / 2 ** 20)} MiB at most`,
  ].join('\n');
}

/** Milliseconds below a second: small programs are over in a few. */
function exactDuration(ms: number): string {
  return ms < 1_000 ? formatDuration(Math.ceil(ms)) : coarseDuration(ms);
}

function writeLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

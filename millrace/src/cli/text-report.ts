import { formatDuration } from '../base/duration.ts';
import type { Figures } from './figures.ts';
import { coarseDuration, grouped, progressParts } from './format-figures.ts';
import { LiveArea } from './live-area.ts';
import { type PrintOptions, printError } from './print-error.ts';
import type { RunEnd, RunReport } from './run-report.ts';

const LIVE_PERIOD_MS = 200;
const LINE_PERIOD_MS = 10_000;

/** Progress and a summary for people. On a terminal the progress is a live area, elsewhere a line now and then. */
export function textReport(options: PrintOptions): RunReport {
  const { stdout, stderr } = process;
  const live = stderr.isTTY && process.env.TERM !== 'dumb';
  return live ? terminalReport(new LiveArea(stderr, stdout.isTTY ? [stdout] : []), options) : lineReport(options);
}

function terminalReport(area: LiveArea, options: PrintOptions): RunReport {
  return {
    periodMs: LIVE_PERIOD_MS,
    progress: figures => {
      const { pipeline } = figures.metrics;
      const { counts, state } = progressParts(figures);
      const first = `${pipeline}  ${elapsed(figures)}  ${counts}`;
      area.draw(state === '' ? [first] : [first, `${' '.repeat(pipeline.length)}  ${state}`]);
    },
    note: writeLine,
    end: end => {
      area.close();
      writeEnd(end, options);
    },
    refused: error => printError(error, options),
  };
}

function lineReport(options: PrintOptions): RunReport {
  return {
    periodMs: LINE_PERIOD_MS,
    progress: figures => {
      const { counts, state } = progressParts(figures);
      writeLine(`${figures.metrics.pipeline}  ${elapsed(figures)}  ${counts}  ${state}`.trimEnd());
    },
    note: writeLine,
    end: end => writeEnd(end, options),
    refused: error => printError(error, options),
  };
}

/** Nothing but errors. */
export function quietReport(options: PrintOptions): RunReport {
  return {
    periodMs: undefined,
    progress: () => {},
    note: () => {},
    end: ({ outcome, error }) => {
      if (outcome === 'failed') printError(error, options);
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

const ENDED = {
  finished: ['finished', ''],
  drained: ['stopped', '; all that had been read was processed'],
  aborted: ['ended at once', '; what was under way was given up'],
  failed: ['failed', ''],
} as const;

function summary({ outcome, figures, rejectLog, peakMemoryBytes }: RunEnd): string {
  const { metrics, meanRecordsPerSecond, rejected } = figures;
  const [ended, remark] = ENDED[outcome];
  const reasons = Object.entries(metrics.rejected).map(([reason, n]) => `${grouped(n)} ${reason}`);
  const where = rejectLog === undefined ? 'taken by the program' : `in ${rejectLog}`;
  return [
    `${metrics.pipeline} ${ended} after ${elapsed(figures)}${remark}`,
    `  in        ${grouped(metrics.recordsIn)} events, ${grouped(meanRecordsPerSecond)}/s`,
    `  out       ${grouped(metrics.recordsOut)} events`,
    `  rejected  ${rejected === 0 ? 'none' : `${grouped(rejected)} (${reasons.join(', ')}), ${where}`}`,
    `  memory    ${grouped(peakMemoryBytes / 2 ** 20)} MiB at most`,
  ].join('\n');
}

/** Milliseconds below a second: small programs are over in a few. */
function elapsed({ metrics: { elapsedMs } }: Figures): string {
  return elapsedMs < 1_000 ? formatDuration(Math.ceil(elapsedMs)) : coarseDuration(elapsedMs);
}

function writeLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

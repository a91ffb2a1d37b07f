import { formatDuration } from '../base/duration.ts';
import type { Figures } from './figures.ts';
import { coarseDuration, grouped, progressParts } from './format-figures.ts';
import { LiveArea } from './live-area.ts';
import { errorText } from './print-error.ts';
import type { RunEnd, RunReport } from './run-report.ts';

const LIVE_PERIOD_MS = 200;
const LINE_PERIOD_MS = 10_000;

/** Progress and a summary for people. On a terminal the progress is a live area, elsewhere a line now and then. */
export function textReport(pipeline: string, options: { verbose: boolean }): RunReport {
  const { stdout, stderr } = process;
  return stderr.isTTY && process.env.TERM !== 'dumb'
    ? new TerminalReport(pipeline, options, new LiveArea(stderr, stdout.isTTY ? [stdout] : []))
    : new LineReport(pipeline, options);
}

/** Nothing but errors. */
export function quietReport(options: { verbose: boolean }): RunReport {
  return {
    periodMs: undefined,
    progress: () => {},
    note: () => {},
    end: ({ outcome, error }) => {
      if (outcome === 'failed') writeLine(errorText(error, options));
    },
  };
}

class TerminalReport implements RunReport {
  readonly periodMs = LIVE_PERIOD_MS;
  private readonly pipeline: string;
  private readonly options: { verbose: boolean };
  private readonly area: LiveArea;

  constructor(pipeline: string, options: { verbose: boolean }, area: LiveArea) {
    this.pipeline = pipeline;
    this.options = options;
    this.area = area;
  }

  progress(figures: Figures): void {
    const { counts, state } = progressParts(figures);
    const lines = [`${this.pipeline}  ${coarseDuration(figures.metrics.elapsedMs)}  ${counts}`];
    if (state !== '') lines.push(`${' '.repeat(this.pipeline.length)}  ${state}`);
    this.area.draw(lines);
  }

  note(text: string): void {
    writeLine(text);
  }

  end(end: RunEnd): void {
    this.area.close();
    writeEnd(this.pipeline, end, this.options);
  }
}

class LineReport implements RunReport {
  readonly periodMs = LINE_PERIOD_MS;
  private readonly pipeline: string;
  private readonly options: { verbose: boolean };

  constructor(pipeline: string, options: { verbose: boolean }) {
    this.pipeline = pipeline;
    this.options = options;
  }

  progress(figures: Figures): void {
    const { counts, state } = progressParts(figures);
    writeLine(`${this.pipeline}  ${coarseDuration(figures.metrics.elapsedMs)}  ${counts}${state === '' ? '' : `  ${state}`}`);
  }

  note(text: string): void {
    writeLine(text);
  }

  end(end: RunEnd): void {
    writeEnd(this.pipeline, end, this.options);
  }
}

function writeEnd(pipeline: string, end: RunEnd, options: { verbose: boolean }): void {
  writeLine(summary(pipeline, end));
  if (end.outcome === 'failed') writeLine(`\n${errorText(end.error, options)}`);
}

const ENDED = {
  finished: 'finished',
  drained: 'was stopped, and what had been read was processed,',
  aborted: 'was ended at once, and what was under way was given up,',
  failed: 'failed',
} as const;

function summary(pipeline: string, { outcome, figures, rejectLog, peakMemoryBytes }: RunEnd): string {
  const { metrics, meanRecordsPerSecond, rejected } = figures;
  const reasons = Object.entries(metrics.rejected).filter(([, n]) => n > 0).map(([reason, n]) => `${grouped(n)} ${reason}`);
  const where = rejectLog === undefined ? 'taken by the program' : `in ${rejectLog}`;
  return [
    `${pipeline} ${ENDED[outcome]} after ${endDuration(metrics.elapsedMs)}`,
    `  in        ${grouped(metrics.recordsIn)} events, ${grouped(meanRecordsPerSecond)}/s`,
    `  out       ${grouped(metrics.recordsOut)} events`,
    `  rejected  ${rejected === 0 ? 'none' : `${grouped(rejected)} (${reasons.join(', ')}), ${where}`}`,
    `  memory    ${grouped(peakMemoryBytes / 2 ** 20)} MiB at most`,
  ].join('\n');
}

/** Milliseconds below a second: small programs are over in a few. */
function endDuration(ms: number): string {
  return ms < 1_000 ? formatDuration(Math.ceil(ms)) : coarseDuration(ms);
}

function writeLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

import { messageOf } from '../base/errors.ts';
import type { Figures } from './figures.ts';
import { isoTime } from './format-figures.ts';
import { isMillraceError } from './print-error.ts';
import type { RunEnd, RunReport } from './run-report.ts';

const PERIOD_MS = 1_000;

/** Progress for machines: each line on stderr is a JSON object with a `type`. The shapes stand in docs/cli.md. */
export function jsonReport(): RunReport {
  return {
    periodMs: PERIOD_MS,
    progress: figures => writeJson({ type: 'progress', ...figuresJson(figures) }),
    draining: signal => writeJson({ type: 'draining', signal }),
    warning: message => writeJson({ type: 'warning', message }),
    end: ({ outcome, error, figures, rejectLog, peakMemoryBytes }: RunEnd) =>
      writeJson({
        type: 'end',
        outcome,
        ...figuresJson(figures),
        rejectLog: rejectLog ?? null,
        peakMemoryBytes,
        error: outcome === 'failed' ? errorJson(error) : null,
      }),
    refused: error => writeJson({ type: 'error', ...errorJson(error) }),
  };
}

function figuresJson({ metrics, recordsPerSecond, meanRecordsPerSecond, lagMs, late, rejected, heldBackBy }: Figures): object {
  return {
    pipeline: metrics.pipeline,
    elapsedMs: Math.round(metrics.elapsedMs),
    recordsIn: metrics.recordsIn,
    recordsOut: metrics.recordsOut,
    recordsPerSecond: Math.round(recordsPerSecond),
    meanRecordsPerSecond: Math.round(meanRecordsPerSecond),
    ...watermarkJson(metrics.watermarkMs),
    lagMs: lagMs === undefined ? null : Math.round(lagMs),
    late,
    rejected,
    rejectedByReason: metrics.rejected,
    heldBackBy,
    nodes: metrics.nodes.map(({ watermarkMs, ...counts }) => ({ ...counts, ...watermarkJson(watermarkMs) })),
  };
}

/** JSON has no infinities: null stands for no watermark yet and for the end alike. */
function watermarkJson(watermarkMs: number): { watermarkMs: number | null; watermark: string | null } {
  return { watermarkMs: Number.isFinite(watermarkMs) ? watermarkMs : null, watermark: isoTime(watermarkMs) ?? null };
}

function errorJson(error: unknown): { code: string | null; message: string } {
  return { code: isMillraceError(error) ? error.code : null, message: messageOf(error) };
}

function writeJson(line: object): void {
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

import type { Figures } from './figures.ts';

/** How a run ended. `drained`: it was asked to stop and all that had been read was processed. `suspended`: it was asked to stop and the next run goes on from here. */
export type RunOutcome = 'finished' | 'drained' | 'suspended' | 'aborted' | 'failed';

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface RunEnd {
  readonly outcome: RunOutcome;
  /** What stopped it, when it failed. */
  readonly error: unknown;
  /** Whether it was stopped because nobody reads stdout any more, as after `| head`. */
  readonly readerGone: boolean;
  readonly figures: Figures;
  /** Where rejected records went; undefined when the program takes them itself. */
  readonly rejectLog: string | undefined;
  /** Most memory that the process held at once. */
  readonly peakMemoryBytes: number;
}

/** Tells the user how a run goes, on stderr: stdout belongs to the sinks. */
export interface RunReport {
  /** How often `progress` is called; undefined: never. */
  readonly periodMs: number | undefined;
  progress(figures: Figures): void;
  /** The signal has come, no more is read, and what has been read runs through. */
  draining(signal: StopSignal): void;
  /** A warning of Node or of a package. */
  warning(text: string): void;
  end(end: RunEnd): void;
  /** Tells why the pipeline was not started at all. */
  refused(error: unknown): void;
}

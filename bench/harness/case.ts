/** What one run of a contender came to. */
export interface Outcome {
  /** Depends on every result. Contenders that do the same work must come to the same one. */
  readonly checksum: number;
  /** Records of input. */
  readonly records: number;
  /** Measured by the contender itself, where it is not the time that `run` takes. */
  readonly elapsedMs?: number;
  /** Further measurements, each with its unit at the end of its name. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** One way to do the work of a case. It runs in processes of its own. */
export interface Contender {
  readonly name: string;
  /** What is done, where the contenders of a case do different things; those of the same work are compared by their checksums. */
  readonly work?: string;
  /** Options of the Node process. */
  readonly nodeOptions?: readonly string[];
  /** Makes the input, which is not measured, and returns what is. `run` is called several times. */
  prepare(scale: Scale): Prepared | Promise<Prepared>;
}

export interface Prepared {
  run(): Outcome | Promise<Outcome>;
  /** Measured once, after the last run. */
  figures?(): Promise<Readonly<Record<string, number>>>;
}

/** What part of the full amount of data a run has, from 0 to 1. */
export type Scale = number;

/** A ratio of throughputs, or a figure, and what it should be. Without a bound it is reported only. */
export type Claim =
  | { readonly kind: 'ratio'; readonly of: string; readonly to: string; readonly atLeast?: number }
  | { readonly kind: 'figure'; readonly of: string; readonly figure: string; readonly atMost?: number };

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly claims: readonly Claim[];
  /** Runs in each process before the measured ones. */
  readonly warmUps: number;
  /** Measured runs in each process; the fastest counts, as whatever else the machine does can only add to the time. */
  readonly runs: number;
  /** Most rounds of this case, where one takes long. */
  readonly maxRounds?: number;
  /** Makes files on disk that the contenders read, once before the first of them. */
  readonly setUp?: (scale: Scale) => void | Promise<void>;
}

/** A contender that is a function of its input. */
export function running<I>(contender: (input: I) => Outcome | Promise<Outcome>, input: I): Prepared {
  return { run: () => contender(input) };
}

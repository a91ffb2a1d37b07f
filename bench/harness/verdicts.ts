import type { BenchCase, Claim } from './case.ts';
import type { Samples } from './rounds.ts';
import { type Spread, spread } from './statistics.ts';

export interface Verdict {
  readonly claim: Claim;
  readonly spread: Spread;
  /** Whether the median keeps the bound; undefined when there is none. */
  readonly met: boolean | undefined;
}

/** Judges the claims of a case. Ratios are made of the two samples of one round. */
export function verdicts(bench: BenchCase, samples: Samples): Verdict[] {
  return bench.claims.map(claim => {
    const of = samplesOf(samples, claim.of);
    if (claim.kind === 'figure') {
      const figure = spread(of.map(sample => figureOf(sample.figures, claim.figure)));
      return { claim, spread: figure, met: claim.atMost === undefined ? undefined : figure.median <= claim.atMost };
    }
    const to = samplesOf(samples, claim.to);
    const ratio = spread(of.map((sample, round) => sample.records / sample.elapsedMs / (to[round]!.records / to[round]!.elapsedMs)));
    return { claim, spread: ratio, met: claim.atLeast === undefined ? undefined : ratio.median >= claim.atLeast };
  });
}

function samplesOf(samples: Samples, contender: string) {
  const found = samples.get(contender);
  if (found === undefined) throw new Error(`no contender '${contender}'`);
  return found;
}

function figureOf(figures: Readonly<Record<string, number>>, name: string): number {
  const figure = figures[name];
  if (figure === undefined) throw new Error(`no figure '${name}' among ${Object.keys(figures).join(', ')}`);
  return figure;
}

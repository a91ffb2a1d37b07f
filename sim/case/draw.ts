import { endNamed, ends } from '../operators/ends.ts';
import { operators } from '../operators/index.ts';
import type { Circumstances, Traits } from '../operators/operator.ts';
import { Dice } from '../world/dice.ts';
import { POINTS } from '../world/fault.ts';
import { TARGET_KINDS } from '../world/target.ts';
import type { Case, SinkCase, SourceCase, Step, StreamRef } from './case.ts';
import { drawFaults } from './draw-faults.ts';
import { drawLateSource, drawSource } from './draw-input.ts';
import { type ExpectedStream, expectationOf, streamAt } from './expectation.ts';

/** Streams that are so much longer than the input are not read on, as joins of joins would take all the time. */
const MAX_EVENTS = 600;

/** 2030, so that the clock is ahead of all event times. */
const START_MS = Date.UTC(2030, 0, 1);

/** Makes a case of a seed. */
export function drawCase(seed: number): Case {
  const dice = new Dice(seed, 'case');
  const clockSteps = dice.chance(0.25);
  const base: Case = {
    seed,
    startMs: START_MS + dice.int(0, 10_000),
    sources: [],
    steps: [],
    sinks: [],
    rejects: dice.pick(TARGET_KINDS.filter(kind => kind !== 'at-least-once')),
    countsRejects: dice.chance(0.2),
    compacts: dice.chance(0.3),
    epochMs: dice.pick([50, 100, 100, 250, 500]),
    maxRestarts: dice.pick([0, 1, 3, 10]),
    pace: dice.pick(['instant', 'quick', 'slow']),
    slowest: dice.chance(0.3) ? [dice.pick(POINTS)] : [],
    faults: drawFaults(dice, clockSteps),
    again: dice.chance(0.2),
  };
  // Of late records it must be known which they are.
  return dice.chance(0.15) ? drawLateCase(dice, { ...base, countsRejects: false }) : new PipelineDraw(dice, base, { clockSteps }).draw();
}

class PipelineDraw {
  private readonly dice: Dice;
  private readonly base: Case;
  private readonly circumstances: Circumstances;
  private readonly sources: SourceCase[] = [];
  private readonly steps: Step[] = [];
  /** Streams that may be read. */
  private open: StreamRef[] = [];
  private streams: readonly (readonly ExpectedStream[])[] = [];

  constructor(dice: Dice, base: Case, circumstances: Circumstances) {
    this.dice = dice;
    this.base = base;
    this.circumstances = circumstances;
  }

  draw(): Case {
    const { dice } = this;
    for (let i = dice.chance(0.4) ? 2 : 1; i > 0; i--) {
      this.sources.push(drawSource(dice));
      const from = this.add({ source: this.sources.length - 1 });
      if (dice.chance(0.3)) this.addOperator(dice.pick(['filter', 'map', 'flatMap', 'throwing']), from);
      if (dice.chance(0.85)) this.addOperator('eventTime', [this.open.at(-1)!]);
    }
    for (let steps = dice.int(0, 6); steps > 0; steps--) this.addAny();
    return { ...this.made(), sinks: this.drawSinks() };
  }

  private addAny(): void {
    const { dice } = this;
    for (let attempt = 0; attempt < 10; attempt++) {
      const first = dice.pick(this.open);
      const second = dice.pick(this.open);
      const fitting = [...operators].filter(([, { inputs, accepts }]) =>
        accepts((inputs === 1 ? [first] : [first, second]).map(ref => this.traitsOf(ref))),
      );
      const [name, { inputs }] = weighted(dice, fitting);
      if (this.addOperator(name, inputs === 1 ? [first] : [first, second])) return;
    }
  }

  private addOperator(name: string, inputs: readonly StreamRef[]): boolean {
    const { dice } = this;
    const operator = operators.get(name)!;
    const traits = inputs.map(input => this.traitsOf(input));
    if (!operator.accepts(traits)) return false;
    const before = { steps: this.steps.length, open: this.open, streams: this.streams };
    this.add({ operator: name, inputs, params: operator.draw(dice, traits, this.circumstances) });
    const longest = Math.max(
      MAX_EVENTS,
      ...this.sources.map(({ splits }) => splits.reduce((total, split) => total + split.records.length, 0)),
    );
    if (this.streams.at(-1)!.some(({ events }) => events.length > longest)) {
      this.steps.length = before.steps;
      this.open = before.open;
      this.streams = before.streams;
      return false;
    }
    // Some streams are read by several.
    if (dice.chance(0.8)) this.open = this.open.filter(ref => !inputs.includes(ref));
    return true;
  }

  private add(step: Step): StreamRef[] {
    const number = this.steps.push(step) - 1;
    this.streams = expectationOf(this.made())!.streams;
    const added = this.streams[number]!.map((_, output): StreamRef => [number, output]);
    this.open = [...this.open, ...added];
    return added;
  }

  private drawSinks(): SinkCase[] {
    const { dice } = this;
    const read = dice.shuffled(this.open).slice(0, dice.int(1, 3));
    return read.map(input => {
      const traits = this.traitsOf(input);
      const [name] = weighted(
        dice,
        [...ends].filter(([, end]) => !end.forLate && end.accepts(traits)),
      );
      return drawSink(dice, name, input);
    });
  }

  private traitsOf(ref: StreamRef): Traits {
    return streamAt(this.streams, ref).traits;
  }

  private made(): Case {
    return { ...this.base, sources: [...this.sources], steps: [...this.steps] };
  }
}

function drawLateCase(dice: Dice, base: Case): Case {
  const steps: Step[] = [{ source: 0 }];
  for (const name of ['map', 'filter'].filter(() => dice.chance(0.3))) {
    const operator = operators.get(name)!;
    steps.push({ operator: name, inputs: [[steps.length - 1, 0]], params: operator.draw(dice, [], { clockSteps: false }) });
  }
  steps.push({
    lateTime: { boundMs: dice.int(0, 40), idleAfterMs: dice.chance(0.6) ? dice.int(20, 300) : 0 },
    inputs: [[steps.length - 1, 0]],
  });
  const [name] = weighted(
    dice,
    [...ends].filter(([, end]) => end.forLate),
  );
  return { ...base, sources: [drawLateSource(dice)], steps, sinks: [drawSink(dice, name, [steps.length - 1, 0])] };
}

function drawSink(dice: Dice, name: string, input: StreamRef): SinkCase {
  const end = endNamed(name);
  return {
    end: name,
    input,
    params: end.draw(dice),
    target: dice.pick(TARGET_KINDS.filter(kind => end.mayRepeat || kind !== 'at-least-once')),
    slow: dice.chance(0.4),
    refuses: name === 'plain' && dice.chance(0.15) ? dice.int(5, 11) : 0,
  };
}

function weighted<T extends { readonly weight: number }>(dice: Dice, of: readonly (readonly [string, T])[]): readonly [string, T] {
  let draw = dice.next() * of.reduce((total, [, { weight }]) => total + weight, 0);
  for (const entry of of) {
    draw -= entry[1].weight;
    if (draw < 0) return entry;
  }
  return of.at(-1)!;
}

import type { KeyedContext } from '../../src/operators/process-runtime.ts';
import { keyedProcess } from '../../src/operators/process.ts';
import type { StateDescriptors } from '../../src/state/descriptor.ts';
import { HeapStateBackend } from '../../src/state/heap.ts';
import { OperatorHarness } from './operator-harness.ts';

/** Runs functions over keyed state, each as one record of a process function. */
export class StateHarness<S extends StateDescriptors> {
  readonly backend: HeapStateBackend;
  private readonly state: S;
  private operator: OperatorHarness;

  constructor(state: S, backend = new HeapStateBackend()) {
    this.state = state;
    this.backend = backend;
    this.operator = this.open();
  }

  get rejects(): string[] {
    return this.operator.rejects.map(r => r.message);
  }

  /** Runs the function for a key and returns what it returns; undefined when it throws, which `rejects` then has. */
  run<R>(apply: (ctx: KeyedContext<string, S>) => R, key = 'k', timeMs = Number.NaN): R | undefined {
    const returned: R[] = [];
    this.operator.feed((ctx: KeyedContext<string, S>) => void returned.push(apply(ctx)), timeMs, key);
    return returned[0];
  }

  /** Sets the clock and lets background work happen. */
  clock(now: number): this {
    this.operator.tick(now);
    this.operator.goOn();
    return this;
  }

  watermark(watermark: number): this {
    this.operator.advance(watermark);
    this.operator.goOn();
    return this;
  }

  /** Begins anew over the same state. */
  restart(): this {
    const { now, watermark } = this.operator;
    this.operator = this.open();
    this.operator.tick(now);
    this.operator.watermark = watermark;
    return this;
  }

  /** How many keys a piece of state holds, expired ones included. */
  held(name: string): number {
    return this.backend.operator('test').table(`state.${name}`).space(0).size;
  }

  private open(): OperatorHarness {
    const fn = { state: this.state, onRecord: (apply: (ctx: KeyedContext<string, S>) => void, ctx: KeyedContext<string, S>) => apply(ctx) };
    return new OperatorHarness(keyedProcess(fn), this.backend);
  }
}

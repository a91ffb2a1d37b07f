import type { Environment } from '../../millrace/src/base/environment.ts';
import { Dice } from './dice.ts';
import { EventQueue } from './event-queue.ts';
import { describeFault, type Fault, InjectedFault, type Point } from './fault.ts';

/** How long calls to the outside take. `instant`: no time; `quick`: some milliseconds; `slow`: now and then some hundred. */
export type Pace = 'instant' | 'quick' | 'slow';

export interface WorldSettings {
  readonly seed: number;
  /** What the clock reads at the start, epoch milliseconds. */
  readonly startMs: number;
  readonly pace: Pace;
  /** Calls that take longer than all others. */
  readonly slowest: readonly Point[];
  readonly faults: readonly Fault[];
}

/** One run of the program, from its start to its end or crash. */
export class Incarnation {
  readonly number: number;
  readonly environment: Environment;
  /** A dead one has no effect on anything any more, whatever its code still does. */
  dead = false;
  /** It was asked to stop, and is to read no further. */
  stopping = false;
  /** What it has taken and has not given back: timers, sinks, splits. A process with any of them left would not exit. */
  readonly held = new Set<object>();

  constructor(number: number, world: World) {
    this.number = number;
    this.environment = world.environmentOf(this);
    incarnations.set(this.environment, this);
  }
}

const incarnations = new WeakMap<Environment, Incarnation>();

/** Whose environment it is. */
export function incarnationOf(environment: Environment): Incarnation {
  return incarnations.get(environment)!;
}

/** What survives the death of the process, and loses what was not made durable. */
export interface Device {
  crash(dice: Dice): void;
}

/** A run with more events than this will not come to an end. */
const MAX_EVENTS = 60_000;

/** So much time, and longer than any clock step. */
const MAX_ELAPSED_MS = 40 * 86_400_000;

/**
 * The outside of the program: time, the order in which things happen, and what goes wrong. All of it follows from the seed, so the same seed gives the same run.
 *
 * The program runs in turns: an event is taken from the queue, and what it sets off runs until nothing is left to do. Events of one moment come in a drawn order. Time stands
 * still meanwhile and jumps to the next event.
 */
export class World {
  readonly dice: Dice;
  readonly devices: Device[] = [];
  /** What happened, in order. */
  readonly trace: string[] = [];
  /** Milliseconds since the start. */
  elapsedMs = 0;
  /** What is wrong with the run, if anything is. The first thing counts. */
  problem: string | undefined;
  /** The program that runs; undefined while none does. */
  incarnation: Incarnation | undefined;
  /** Called when the process has died, with the time until it is to be started again. */
  onCrash: (pauseMs: number) => void = () => {};
  private readonly settings: WorldSettings;
  private readonly queue = new EventQueue();
  private readonly calls = new Map<Point, number>();
  private readonly pendingFaults: Set<Fault>;
  private steppedMs = 0;
  private incarnations = 0;
  private events = 0;
  private looks = 0;
  private ended = false;

  constructor(settings: WorldSettings) {
    this.settings = settings;
    this.dice = new Dice(settings.seed, 'world');
    this.pendingFaults = new Set(settings.faults);
  }

  /** What the clock reads, epoch milliseconds. */
  get nowMs(): number {
    return this.settings.startMs + this.elapsedMs + this.steppedMs;
  }

  stepClock(byMs: number): void {
    this.steppedMs += byMs;
  }

  log(line: string): void {
    this.trace.push(`${this.elapsedMs} [${this.incarnation?.number ?? '-'}] ${line}`);
  }

  /** Notes what must never happen. */
  violated(what: string): void {
    this.log(`VIOLATION: ${what}`);
    this.problem ??= what;
    this.ended = true;
  }

  end(): void {
    this.ended = true;
  }

  begin(): Incarnation {
    this.incarnation = new Incarnation(++this.incarnations, this);
    return this.incarnation;
  }

  /** Something that happens whether a program runs or not. */
  later(delayMs: number, run: () => void): void {
    this.queue.push(this.elapsedMs + delayMs, this.dice.next(), run);
  }

  /** Something that happens to a program while it lives. The returned function cancels it. */
  laterFor(of: Incarnation, delayMs: number, run: () => void): () => void {
    let canceled = false;
    this.later(delayMs, () => {
      if (!of.dead && !canceled) run();
    });
    return () => {
      canceled = true;
    };
  }

  /** How long the next call takes, one half of the way. */
  latencyMs(point?: Point): number {
    const { dice } = this;
    const { pace, slowest } = this.settings;
    if (point !== undefined && slowest.includes(point) && dice.chance(0.5)) return dice.int(50, 900);
    if (pace === 'instant') return 0;
    if (pace === 'quick') return dice.chance(0.6) ? 0 : dice.int(1, 4);
    return dice.chance(0.5) ? dice.int(0, 3) : dice.chance(0.8) ? dice.int(4, 30) : dice.int(50, 300);
  }

  /**
   * A call to the outside: it takes effect after a while, and is answered after a while. Faults may come before the effect and between the effect and the answer. To a dead
   * program nothing is answered.
   */
  call<R>(of: Incarnation, point: Point, what: string, effect: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      if (of.dead) return;
      const nth = this.count(point);
      const fails = (phase: 'before' | 'after') => {
        const fault = this.faultAt(point, nth, phase);
        if (fault?.does === 'fail') reject(fault.error);
        return fault !== undefined;
      };
      this.laterFor(of, this.latencyMs(point), () => {
        if (fails('before')) return;
        const result = effect();
        this.log(`${point} ${nth}: ${what}`);
        this.laterFor(of, this.latencyMs(point), () => {
          if (!fails('after')) resolve(result);
        });
      });
    });
  }

  /**
   * A call that is answered at once.
   *
   * @throws InjectedFault
   */
  callNow<R>(of: Incarnation, point: Point, effect: () => R, ifDead: R): R {
    if (of.dead) return ifDead;
    const nth = this.count(point);
    let fault = this.faultAt(point, nth, 'before');
    if (fault?.does === 'fail') throw fault.error;
    if (fault !== undefined) return ifDead;
    const result = effect();
    fault = this.faultAt(point, nth, 'after');
    if (fault?.does === 'fail') throw fault.error;
    return result;
  }

  /** The process dies. */
  crash(why: string, pauseMs: number): void {
    const { incarnation } = this;
    if (incarnation === undefined || incarnation.dead) return;
    this.log(`CRASH ${why}`);
    incarnation.dead = true;
    this.incarnation = undefined;
    for (const device of this.devices) device.crash(this.dice);
    this.onCrash(pauseMs);
  }

  /** The program has ended by itself. */
  leave(): void {
    const { incarnation } = this;
    if (incarnation === undefined) return;
    for (const held of incarnation.held) this.violated(`the job has ended and leaves ${JSON.stringify(held)} behind`);
    incarnation.dead = true;
    this.incarnation = undefined;
  }

  /** Lets everything happen until `end` is called or nothing is left. */
  async run(): Promise<void> {
    for (;;) {
      await settled();
      if (this.ended) return;
      const event = this.queue.pop();
      if (event === undefined) return this.violated('the run is stuck: nothing is left to happen, and the pipeline has not ended');
      if (++this.events > MAX_EVENTS || event.atMs > MAX_ELAPSED_MS) return this.violated('the run does not come to an end');
      this.elapsedMs = event.atMs;
      event.run();
    }
  }

  environmentOf(of: Incarnation): Environment {
    return {
      clock: {
        now: () => this.nowMs,
        // Steps at each look, so that loops that run for a time come to an end.
        elapsed: () => {
          // A loop that never lets go would hang the simulator too.
          if (++this.looks > 50 * MAX_EVENTS) throw new Error('the program looks at the clock without end');
          return this.looks;
        },
      },
      scheduler: {
        // As the machine's timers are: they count whole milliseconds from when they are set, and do not see the clock step.
        at: (atMs, task) => {
          const timer = { timer: atMs - this.settings.startMs };
          of.held.add(timer);
          const cancel = this.laterFor(of, Math.max(1, Math.trunc(atMs - this.nowMs)), () => {
            of.held.delete(timer);
            task();
          });
          return () => {
            of.held.delete(timer);
            cancel();
          };
        },
        turn: () => new Promise(resolve => this.laterFor(of, 0, resolve)),
      },
      random: this.dice,
    };
  }

  private count(point: Point): number {
    const nth = (this.calls.get(point) ?? 0) + 1;
    this.calls.set(point, nth);
    return nth;
  }

  /** Does what was planned for the moment. A crash has happened when it returns. */
  private faultAt(
    point: Point,
    nth: number,
    phase: 'before' | 'after',
  ): { does: 'crash' } | { does: 'fail'; error: InjectedFault } | undefined {
    for (const fault of this.pendingFaults) {
      if (!('at' in fault) || fault.at !== point || fault.nth !== nth || fault.phase !== phase) continue;
      this.pendingFaults.delete(fault);
      const what = describeFault(fault);
      if (fault.does === 'crash') {
        this.crash(what, fault.pauseMs);
        return { does: 'crash' };
      }
      this.log(`FAULT ${what}`);
      return { does: 'fail', error: new InjectedFault(what) };
    }
    return undefined;
  }
}

/** Resolves when all that was set off has run: Node looks at `nextTick` when no promise is left to go on with. */
function settled(): Promise<void> {
  return new Promise(resolve => process.nextTick(resolve));
}

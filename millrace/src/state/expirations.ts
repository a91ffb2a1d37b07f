import type { Key } from '../base/key.ts';
import type { OperatorContext } from '../spi/operator.ts';
import type { Cell, KeySpace } from '../spi/state.ts';
import { Expiry, type Prune } from './expiry.ts';
import { type Expiring, hasExpired, type Ttl } from './ttl.ts';

/** Cells looked at in one turn of the engine, so that a great many that expire together do not hold records up. */
const CELLS_PER_TURN = 4096;

/** Announces that a cell was added whose contents expire at that time. */
export type Added = (key: Key, expiresMs: number) => void;

type Expirable = Pick<Expiry<unknown>, 'nextMs' | 'expire'>;

/** Drives the removal of expired state of one operator: by the clock through wake-ups, by event time through the watermark. */
export class Expirations {
  private readonly processing: Expirable[] = [];
  private readonly event: Expirable[] = [];
  private readonly context: OperatorContext<never>;
  private wakeMs = Infinity;

  constructor(context: OperatorContext<never>) {
    this.context = context;
  }

  /** Watches over a space. The returned function must be called for each cell that is added to it. */
  watch<V>(space: KeySpace<V>, ttl: Ttl, prune: Prune<V>): Added {
    const expiry = new Expiry(space, ttl.afterMs, prune);
    if (ttl.time === 'event') {
      this.event.push(expiry);
      return (key, expiresMs) => expiry.added(key, expiresMs);
    }
    this.processing.push(expiry);
    this.askForWake();
    return (key, expiresMs) => {
      expiry.added(key, expiresMs);
      this.askForWake();
    };
  }

  /** `watch` for a space of single values. */
  watchValues<V>(space: KeySpace<Expiring<V>>, ttl: Ttl): Added {
    return this.watch(space, ttl, (cell: Cell<Expiring<V>>, nowMs) =>
      hasExpired(cell.value.touchedMs, ttl, nowMs) ? Infinity : cell.value.touchedMs + ttl.afterMs,
    );
  }

  /** Called when the watermark has risen, after the timers it fires. */
  advance(watermark: number): void {
    // At the end of all input nothing is left that could need the room.
    if (watermark < Infinity && !expireAll(this.event, watermark)) this.context.wakeSoon();
  }

  /** Called with the operator's `wake`, whatever it was asked for. */
  wake(nowMs: number): void {
    this.advance(this.context.watermark);
    this.wakeMs = Infinity;
    if (expireAll(this.processing, nowMs)) this.askForWake();
    else this.context.wakeSoon();
  }

  private askForWake(): void {
    for (const { nextMs } of this.processing) {
      if (nextMs >= this.wakeMs) continue;
      this.wakeMs = nextMs;
      this.context.wakeAt(nextMs);
    }
  }
}

function expireAll(expiries: readonly Expirable[], nowMs: number): boolean {
  let done = true;
  for (const expiry of expiries) if (!expiry.expire(nowMs, CELLS_PER_TURN)) done = false;
  return done;
}

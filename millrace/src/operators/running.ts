import type { Duration } from '../base/duration.ts';
import type { Key } from '../base/key.ts';
import type { OperatorContext, OperatorTask } from '../spi/operator.ts';
import type { StateDescription } from '../spi/state.ts';
import { Expirations } from '../state/expirations.ts';
import { ExpiringSlot } from '../state/slot.ts';
import { describeTtl, type Expiring, recordTime, type StateTtl, type Ttl, ttlOf } from '../state/ttl.ts';

/** Options of operators that keep one value for each key and emit every change of it. */
export interface RunningOptions {
  /** Forgets a key that has had no record for so long; its next record begins anew. Default: every key is kept for ever. */
  ttl?: Duration | StateTtl;
}

export function runningTtl({ ttl }: RunningOptions, where: string): Ttl | undefined {
  return ttl === undefined ? undefined : ttlOf(ttl, `ttl of ${where}`);
}

export function runningState(name: string, kind: StateDescription['kind'], ttl: Ttl | undefined): StateDescription[] {
  return [ttl === undefined ? { name, kind } : { name, kind, boundedBy: describeTtl(ttl) }];
}

/**
 * The task of such an operator when its values expire. `next` makes a key's new value from the one it had and the record; `emit` hands it
 * on.
 */
export function expiringTask<V>(
  context: OperatorContext<never>,
  name: string,
  ttl: Ttl,
  next: (value: V | undefined, record: never) => V,
  emit: (key: Key, value: V, time: number) => void,
): OperatorTask {
  const expirations = new Expirations(context);
  const slot = new ExpiringSlot(context.state.table<Expiring<V>>(name).space(0), ttl, expirations);
  return {
    inputs: [
      (key, record, time) => {
        const value = next(slot.load(key, recordTime(ttl, context, time)), record);
        slot.store(value);
        emit(key, value, time);
      },
    ],
    advance(watermark) {
      expirations.advance(watermark);
      return 'done';
    },
    wake(nowMs) {
      expirations.wake(nowMs);
      return true;
    },
  };
}

import { encodeKey } from '../base/key.ts';
import type { Batch } from '../types/batch.ts';
import type { ChainSpec, RunChain } from './chain.ts';

/** Takes one record of the batch one step further. */
type Step = (value: never, time: number, batch: Batch, index: number) => void;

/** The chain as closures, each calling the next. */
export function closureChain({ stages, end, failed }: ChainSpec): RunChain {
  let step = 0;
  let next: Step;

  if (end.kind === 'operator') {
    const { process, selectKey, cursor } = end;
    next = (value, time, batch, index) => {
      step = stages.length;
      const key = selectKey === undefined ? undefined : encodeKey(selectKey(value));
      cursor.batch = batch;
      cursor.index = index;
      process(key as never, value, time);
    };
  } else {
    const { output } = end;
    next = (value, time, batch, index) => {
      step = stages.length;
      output.append(value, time, batch.positions[index]!, batch.split);
    };
  }

  for (let i = stages.length - 1; i >= 0; i--) next = stepOf(i, next);
  const first = next;
  const assigners = stages.flatMap(stage => (stage.kind === 'eventTime' ? [stage.assigner] : []));

  return batch => {
    for (const assigner of assigners) assigner.begin(batch.split);
    for (let i = 0; i < batch.length; i++) {
      try {
        first(batch.values[i] as never, batch.times[i]!, batch, i);
      } catch (error) {
        failed(error, batch, i, step);
      }
    }
    for (const assigner of assigners) assigner.batchEnded();
    if (end.kind === 'operator') end.cursor.batch = undefined;
  };

  function stepOf(i: number, next: Step): Step {
    const stage = stages[i]!;
    switch (stage.kind) {
      case 'filter':
        return (value, time, batch, index) => {
          step = i;
          if (stage.keep(value)) next(value, time, batch, index);
        };
      case 'map':
        return (value, time, batch, index) => {
          step = i;
          next(stage.apply(value) as never, time, batch, index);
        };
      case 'flatMap':
        return (value, time, batch, index) => {
          step = i;
          for (const item of stage.expand(value)) {
            try {
              next(item as never, time, batch, index);
            } catch (error) {
              failed(error, batch, index, step);
            }
            step = i;
          }
        };
      case 'eventTime': {
        const { assigner, extract } = stage;
        return (value, time, batch, index) => {
          step = i;
          const extracted = extract === undefined ? time : extract(value);
          const t = typeof extracted === 'number' ? extracted : assigner.toMillis(extracted);
          if (!(t <= assigner.newestAccepted() && t >= -8.64e15)) {
            assigner.refuse(t, value, batch, index);
            return;
          }
          assigner.onEvent(value, t);
          next(value, t, batch, index);
        };
      }
    }
  }
}

import { formatDuration } from '../../base/duration.ts';
import { MillraceError } from '../../base/errors.ts';
import type { Operator } from '../../spi/operator.ts';
import type { StateDescription } from '../../spi/state.ts';
import type { Evictor, PaneAssigner, Trigger, WindowAssigner } from '../../spi/window.ts';
import { eventTimeTrigger, never, processingTimeTrigger } from '../../windows/triggers.ts';
import { CountWindowTask } from './count-windows.ts';
import { PaneWindowTask } from './pane-window.ts';
import { TriggeredWindowTask } from './window.ts';
import { evicting, type WindowFunction } from './window-function.ts';

export interface WindowOperatorSpec<T, A, R> {
  readonly assigner: WindowAssigner<T>;
  readonly function: WindowFunction<A, R>;
  /** What the function makes, for plans: `'count, mean'`. */
  readonly description: string;
  /** Default: at the end of the window, by its own time; never for a global window. */
  readonly trigger?: Trigger<T>;
  readonly evictor?: Evictor<T>;
  /** For how long after its end a window takes late records. Default 0. Windows of processing time have no late records. */
  readonly allowedLatenessMs?: number;
  /** Side output of records that are late for all their windows. Default: they are rejected. */
  readonly lateTag?: string;
}

/**
 * The window operator: its input is keyed, and has event times unless the windows are of processing time, of counts or global. Tumbling, sliding
 * and cumulative windows that fire at their ends are cut from panes; others are kept one by one.
 *
 * @throws MillraceError `WINDOW_INVALID` for a trigger or evictor with count windows
 */
export function windowOperator<T, A, R>(spec: WindowOperatorSpec<T, A, R>): Operator<R> {
  const { assigner, trigger, evictor, allowedLatenessMs = 0, lateTag } = spec;
  const description = [
    `${assigner.description} ${spec.description}`,
    trigger?.description ?? '',
    evictor?.description ?? '',
    allowedLatenessMs > 0 ? `lateness ${formatDuration(allowedLatenessMs)}` : '',
  ]
    .filter(part => part !== '')
    .join(', ');

  if (assigner.kind === 'count') {
    if (trigger !== undefined || evictor !== undefined) throw fixedCountWindow(assigner.description, trigger ?? evictor);
    return {
      kind: 'window',
      description,
      makes: 'append',
      state: [{ name: 'counts', kind: 'window' }],
      open: context => new CountWindowTask(assigner, spec.function, context),
    };
  }

  const standard = assigner.kind === 'global' ? never() : assigner.time === 'event' ? eventTimeTrigger() : processingTimeTrigger();
  const firesAtEnd = trigger === undefined || trigger === standard;
  if (isPaneAssigner(assigner) && firesAtEnd && evictor === undefined) {
    return {
      kind: 'window',
      description,
      makes: 'append',
      state: [windowState('panes', assigner, allowedLatenessMs)],
      open: context => new PaneWindowTask({ assigner, fn: spec.function, allowedLatenessMs, lateTag }, context),
    };
  }
  const triggered = { assigner, trigger: trigger ?? standard, allowedLatenessMs, lateTag };
  return {
    kind: 'window',
    description,
    makes: 'append',
    state: [windowState('windows', assigner, allowedLatenessMs)],
    open: context =>
      evictor === undefined
        ? new TriggeredWindowTask({ ...triggered, fn: spec.function }, context)
        : new TriggeredWindowTask({ ...triggered, fn: evicting(spec.function, evictor) }, context),
  };
}

function isPaneAssigner(assigner: WindowAssigner): assigner is PaneAssigner {
  return assigner.kind === 'tumbling' || assigner.kind === 'sliding' || assigner.kind === 'cumulative';
}

function windowState(name: string, assigner: Exclude<WindowAssigner, { kind: 'count' }>, latenessMs: number): StateDescription {
  if (assigner.kind === 'global') return { name, kind: 'window' };
  const extent = isPaneAssigner(assigner) ? `window ${formatDuration(assigner.sizeMs)}` : assigner.description;
  const lateness = assigner.time === 'event' ? ` + lateness ${formatDuration(latenessMs)}` : '';
  return { name, kind: 'window', boundedBy: extent + lateness };
}

function fixedCountWindow(where: string, extra: { readonly description: string } | undefined): MillraceError {
  return new MillraceError('WINDOW_INVALID', {
    where,
    expected: 'no trigger and no evictor, as the count says when a window fires and what it holds',
    got: String(extra?.description),
    hint: 'use globalWindow() with countTrigger(n) and countEvictor(n)',
  });
}

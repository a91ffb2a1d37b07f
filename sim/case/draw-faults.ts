import type { Dice } from '../world/dice.ts';
import { type Fault, type Point, POINTS } from '../world/fault.ts';
import { INPUT_SPAN_MS } from './draw-input.ts';

/** Where most is at stake is drawn more often. */
const WEIGHTED_POINTS: readonly Point[] = [
  ...POINTS,
  'prepare',
  'prepare',
  'commit',
  'commit',
  'commit',
  'disk-write',
  'disk-sync',
  'publish',
  'publish',
  'publish',
];

const LONGEST_CLOCK_STEP_MS = 7_200_000;

export function drawFaults(dice: Dice, clockSteps: boolean): Fault[] {
  const faults: Fault[] = [];
  const count = dice.chance(0.05) ? 0 : dice.int(1, dice.chance(0.2) ? 12 : 4);
  for (let i = 0; i < count; i++) faults.push(...drawSeries(dice));
  if (clockSteps) {
    for (let i = dice.int(1, 3); i > 0; i--) {
      const farMs = dice.chance(0.3) ? LONGEST_CLOCK_STEP_MS : 1000;
      faults.push({ atMs: dice.int(0, INPUT_SPAN_MS), does: 'jump', byMs: dice.int(-farMs, farMs) });
    }
  }
  return faults;
}

/** A fault, and now and then others close behind it, which meet the recovery from it. */
function drawSeries(dice: Dice): Fault[] {
  const first = drawFault(dice);
  const series: Fault[] = [first];
  for (let i = 1; dice.chance(0.2); i++) {
    if ('at' in first) series.push({ ...first, nth: first.nth + i, phase: dice.pick(['before', 'after']) });
    else if (first.does !== 'jump')
      series.push({ ...first, atMs: first.atMs + first.pauseMs + dice.int(0, 60), does: dice.pick(['crash', 'stop', 'abort']) });
  }
  return series;
}

function drawFault(dice: Dice): Fault {
  const pauseMs = dice.chance(0.5) ? 0 : dice.int(1, 800);
  if (dice.chance(0.4)) {
    const does = dice.pick(['crash', 'crash', 'stop', 'stop', 'abort'] as const);
    return { atMs: dice.int(0, Math.floor(1.3 * INPUT_SPAN_MS)), does, pauseMs };
  }
  const at = dice.pick(WEIGHTED_POINTS);
  // Most calls come a few times in a run, and the first of them are made in each.
  const nth = at === 'poll' || at === 'write' ? dice.int(1, 40) : dice.chance(0.6) ? dice.int(1, 5) : dice.int(1, 25);
  return { at, nth, phase: dice.pick(['before', 'after']), does: dice.chance(0.6) ? 'crash' : 'fail', pauseMs };
}

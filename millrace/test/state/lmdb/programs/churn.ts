import { seededRandom } from '../../../../src/base/random.ts';
import type { StateBackend } from '../../../../src/spi/state.ts';

const KEYS = 5000;

interface Entry {
  readonly epoch: number;
  readonly text: string;
}

/** What an epoch of that number does to the state: always the same. */
export function change(state: StateBackend, epoch: number): void {
  const random = seededRandom(epoch);
  const below = (n: number) => Math.floor(random.next() * n);
  const table = state.operator(`operator ${epoch % 2}`).table<Entry>('entries');
  for (let n = below(1500); n > 0; n--) {
    const key = below(KEYS);
    const space = table.space(key % 4);
    const cell = space.get(key);
    const value: Entry = { epoch, text: 'x'.repeat(below(400)) };
    if (cell === undefined) space.add(key, value);
    else if (below(10) === 0) space.remove(key);
    else {
      cell.value = value;
      space.mark(cell);
    }
  }
  if (below(20) === 0) table.drop(below(4));
}

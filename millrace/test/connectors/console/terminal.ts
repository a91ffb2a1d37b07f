import { EventEmitter } from 'node:events';
import type { WritableLike } from '../../../src/connectors/console/index.ts';
import { displayWidth } from '../../../src/connectors/console/display-width.ts';

/** A stream that keeps what is written, and shows what a terminal of its size would. */
export class TestStream extends EventEmitter implements WritableLike {
  text = '';
  readonly isTTY: boolean;
  columns: number;
  rows: number;
  /** Set to take nothing more for now. */
  full = false;
  private readonly waiting: (() => void)[] = [];
  private broken: (Error & { code?: string }) | undefined;

  constructor({ isTTY = false, columns = 80, rows = 24 } = {}) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string, done: (error?: Error | null) => void = () => {}): boolean {
    const { broken } = this;
    if (broken !== undefined) {
      queueMicrotask(() => {
        done(broken);
        this.emit('error', broken);
      });
      return false;
    }
    this.text += text;
    if (this.full) this.waiting.push(() => done());
    else queueMicrotask(() => done());
    return !this.full;
  }

  drain(): void {
    this.full = false;
    for (const done of this.waiting.splice(0)) done();
  }

  /** From now on writes fail, as after the reader of a pipe has gone. */
  breakWith(code: string): void {
    this.broken = Object.assign(new Error(`write ${code}`), { code });
  }

  /** What stands on the screen, with the lines that have scrolled away. Knows text, line ends, cursor up and erase below. */
  get screen(): string {
    const lines: string[] = [''];
    let row = 0;
    // oxlint-disable-next-line no-control-regex
    for (const [piece, up, , plain] of this.text.matchAll(/\u001b\[(\d+)F|(\u001b\[J)|([^\u001b\n]+)|\n/g)) {
      if (up !== undefined) row -= Number(up);
      else if (plain !== undefined) lines[row] += plain;
      else if (piece === '\n') lines[++row] ??= '';
      else lines.splice(row, Infinity, '');
      if (row < 0) throw new Error('the cursor left the screen');
      if (lines.length - row > this.rows) throw new Error('drew over what has scrolled away');
      if (displayWidth(lines[row]!) > this.columns) throw new Error(`a line wraps: ${lines[row]}`);
    }
    return lines.join('\n');
  }
}

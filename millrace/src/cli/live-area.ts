/** Up by so many lines, to their beginning, and clear all that is below. */
const erased = (lines: number) => `\u001b[${lines}F\u001b[0J`;

type Write = (text: string | Uint8Array, ...more: unknown[]) => boolean;

/** What is needed of `process.stdout` and `process.stderr`. */
export interface TerminalStream {
  write(text: string | Uint8Array): boolean;
  readonly columns?: number;
}

/**
 * A few lines at the end of a terminal that are drawn over and over. Whatever else is written to the terminal meanwhile, by the pipeline's
 * sinks or by the program itself, takes the place of the lines, which come back below it when they are drawn next.
 */
export class LiveArea {
  private readonly terminal: TerminalStream;
  private readonly write: Write;
  private readonly release: (() => void)[] = [];
  /** Lines drawn that still stand there. */
  private drawn = 0;
  /** Somebody has written a part of a line, which the area must not cut in two. */
  private midLine = false;

  /** @param others further streams that lead to the same terminal */
  constructor(terminal: TerminalStream, others: readonly TerminalStream[]) {
    this.terminal = terminal;
    this.write = this.watch(terminal);
    for (const stream of others) this.watch(stream);
  }

  draw(lines: readonly string[]): void {
    if (this.midLine) return;
    const columns = this.terminal.columns || 80;
    const text = lines.map(line => `${line.slice(0, columns - 1)}\n`).join('');
    this.write(this.drawn === 0 ? text : erased(this.drawn) + text);
    this.drawn = lines.length;
  }

  erase(): void {
    if (this.drawn === 0) return;
    this.write(erased(this.drawn));
    this.drawn = 0;
  }

  /** Erases the area and lets go of the streams. */
  close(): void {
    this.erase();
    for (const release of this.release.splice(0)) release();
  }

  /** Returns the stream's own `write`, behind the one that makes room first. */
  private watch(stream: TerminalStream): Write {
    const original = stream.write;
    const write: Write = (...args) => Reflect.apply(original, stream, args);
    stream.write = (...args: Parameters<Write>) => {
      this.erase();
      const [text] = args;
      if (text.length > 0) this.midLine = typeof text === 'string' ? !text.endsWith('\n') : text[text.length - 1] !== 10;
      return write(...args);
    };
    this.release.push(() => {
      stream.write = original;
    });
    return write;
  }
}

import { messageOf } from '../../base/errors.ts';
import { JsonLineEncoder } from '../../formats/json/line-encoder.ts';
import type { Sink, SinkContext, SinkWriter } from '../../spi/sink.ts';
import type { Batch } from '../../types/batch.ts';
import { Output, type WritableLike } from './output.ts';
import { printable } from './printable.ts';

export interface PrintOptions {
  /** Where to. Default: `process.stdout`. */
  stream?: WritableLike;
}

/**
 * Prints each record as one line of JSON. Control characters inside of strings are escaped, so that data cannot command the terminal.
 * Bigints are written as numbers. When the reader of the output has gone, as with `| head`, nothing more is written and the pipeline goes on.
 *
 * @example
 * stream.to(print())
 */
export function print(options: PrintOptions = {}): Sink<unknown> {
  return {
    connector: 'console',
    description: 'JSON lines',
    accepts: ['append', 'upsert'],
    open: async context => new PrintWriter(new Output(options.stream ?? process.stdout, context), context),
  };
}

class PrintWriter implements SinkWriter<unknown> {
  private readonly output: Output;
  private readonly context: SinkContext;
  private readonly encoder = new JsonLineEncoder();

  constructor(output: Output, context: SinkContext) {
    this.output = output;
    this.context = context;
  }

  write(batch: Batch<unknown>): void | Promise<void> {
    let lines = '';
    for (let i = 0; i < batch.length; i++) {
      const value = batch.values[i];
      try {
        lines += `${printable(this.encoder.encode(value).trimEnd())}\n`;
      } catch (error) {
        this.context.reject('failed', messageOf(error), value);
      }
    }
    return this.output.write(lines);
  }

  flush(): void {}

  close(): Promise<void> {
    return this.output.close();
  }
}

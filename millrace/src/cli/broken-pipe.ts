/** Whether an error, or what caused it, says that the reader of a pipe has gone. */
export function isBrokenPipe(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === 'EPIPE') || isBrokenPipe(error.cause);
}

/** Lets output that nobody reads any more, as after `| head`, end in silence instead of as an error. */
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', error => {
      if (!isBrokenPipe(error)) throw error;
    });
  }
}

/** What a connection failed with; of a host with several addresses, at the first of them. */
export function connectCause(error: unknown): unknown {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first ?? error;
}

import type { Environment } from '../../base/environment.ts';
import { tokenVerifier } from '../network/access-token.ts';
import type { Connection } from './connection.ts';

/** A client that connects and says nothing holds one of the places for so long. */
const ADMISSION_TIMEOUT_MS = 10_000;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * Reads the first line of a connection and calls `admit` when it is the token; cuts the connection otherwise. What follows the line
 * stays in the connection, which is paused until it is read.
 */
export function requireToken(connection: Connection, token: string, environment: Environment, admit: () => void): void {
  const verify = tokenVerifier(token);
  const { received } = connection;
  // The line may end with CR LF.
  const longestLine = token.length + 2;
  const cancelTimeout = environment.scheduler.at(environment.clock.now() + ADMISSION_TIMEOUT_MS, () => decide(false));
  const decide = (admitted: boolean) => {
    cancelTimeout();
    connection.changed = () => undefined;
    if (admitted) admit();
    else connection.cut(undefined);
  };
  connection.changed = () => {
    const { bytes, from } = received;
    const to = Math.min(received.to, from + longestLine);
    const newline = bytes.subarray(from, to).indexOf(NEWLINE);
    if (newline >= 0) {
      const end = newline > 0 && bytes[from + newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
      const admitted = verify(bytes.subarray(from, from + end));
      received.consume(from + newline + 1);
      decide(admitted);
    } else if (received.length >= longestLine || connection.state !== 'open') decide(false);
  };
}

import type { Socket } from 'node:net';
import type { Clock } from '../../base/environment.ts';
import { ByteQueue } from './byte-queue.ts';

/** With so many bytes waiting to be decoded the socket is not read any further, so that the sender is held back. */
const PAUSE_BYTES = 256 * 1024;
const RESUME_BYTES = PAUSE_BYTES / 2;

/** The reading side of one established connection. */
export class Connection {
  readonly received = new ByteQueue();
  readonly socket: Socket;
  /** `'ended'`: the peer has sent all it had to send. `'broken'`: the connection was cut, and there may have been more. */
  state: 'open' | 'ended' | 'broken' = 'open';
  /** Why it is broken. */
  cause: unknown;
  /** Called when there are new bytes or a new state. */
  changed: () => void;
  /** When bytes last came or were asked for again, on the clock's `elapsed`. */
  activeMs: number;
  private readonly clock: Clock;

  constructor(socket: Socket, clock: Clock, changed: () => void) {
    this.socket = socket;
    this.clock = clock;
    this.changed = changed;
    this.activeMs = clock.elapsed();
    socket.on('data', (chunk: Uint8Array) => {
      this.activeMs = clock.elapsed();
      this.received.append(chunk);
      if (this.received.length >= PAUSE_BYTES) socket.pause();
      this.changed();
    });
    socket.on('end', () => this.finish('ended', undefined));
    socket.on('error', error => this.finish('broken', error));
    socket.on('close', () => this.finish('broken', undefined));
  }

  get paused(): boolean {
    return this.socket.isPaused();
  }

  pause(): void {
    this.socket.pause();
  }

  /**
   * Reads on if enough of what was received has been decoded. `starved` says that what was received holds no whole record: then more is
   * needed however much it is.
   */
  readOn(starved: boolean): void {
    if (!this.paused || (!starved && this.received.length >= RESUME_BYTES)) return;
    this.activeMs = this.clock.elapsed();
    this.socket.resume();
  }

  /** Cuts the connection. What has been received can still be decoded. */
  cut(cause: unknown): void {
    this.finish('broken', cause);
    this.socket.destroy();
  }

  private finish(state: 'ended' | 'broken', cause: unknown): void {
    if (this.state !== 'open') return;
    this.state = state;
    this.cause = cause;
    this.changed();
  }
}

import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import type { Format } from '../../spi/format.ts';
import type { Polled, ReaderContext, SplitReader } from '../../spi/source.ts';
import type { Batch } from '../../types/batch.ts';
import type { Json } from '../../types/json.ts';
import { type BytePosition, type DecodedWindow, isBytePosition } from './decoded-window.ts';
import { readError } from './file-errors.ts';
import { identityOf, sizeOf, statIfThere } from './file-identity.ts';
import { isCompressed, openFile, openWindow } from './open-bytes.ts';
import { FOLLOWED_CHUNK_BYTES } from './read-ahead.ts';

/** How long a renamed file may be silent before the new file of its name is read: its writer may not have noticed yet. */
const ROTATION_GRACE_MS = 2_000;

/** Which split reads a file, by the file's identity, so that a renamed file is not read a second time under its new name. */
export type FileOwners = Map<string, string>;

interface FollowPosition extends BytePosition {
  /** Identity of the file. */
  readonly file: string;
}

interface OpenFile<T> {
  readonly handle: FileHandle;
  readonly identity: string;
  readonly window: DecodedWindow<T>;
}

/**
 * Reads a file as it grows, by whatever file bears its name: when it was renamed and made anew, the old one is read to its end first; when
 * it was cut off, it is read from its beginning again.
 */
export class FollowReader<T> implements SplitReader<T> {
  private readonly path: string;
  private readonly format: Format<T>;
  private readonly context: ReaderContext;
  private readonly owners: FileOwners;
  private readonly pollIntervalMs: number;
  private current: OpenFile<T> | undefined;
  /** The file that comes after the current one, which will not grow any more. */
  private next: OpenFile<T> | undefined;
  private checking: Promise<void> | undefined;
  private cancelCheck: (() => void) | undefined;
  private watcher: FSWatcher | undefined;
  /** When another file of the name was first seen. */
  private rotatedAtMs: number | undefined;
  private failure: { error: unknown } | undefined;
  private closed = false;

  constructor(path: string, format: Format<T>, context: ReaderContext, owners: FileOwners, pollIntervalMs: number) {
    this.path = path;
    this.format = format;
    this.context = context;
    this.owners = owners;
    this.pollIntervalMs = pollIntervalMs;
  }

  async open(position: Json | undefined): Promise<this> {
    const from = isFollowPosition(position) ? position : undefined;
    const file = from?.file ?? expectedFile(this.context.split.data);
    this.current = (await this.openFirst(file, from)) ?? (await this.openAt(this.path, undefined));
    this.watch();
    if (this.current === undefined) this.checkLater();
    return this;
  }

  poll(batch: Batch<T>): Polled {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      const { current, next } = this;
      if (current === undefined) return 'wait';
      if (current.window.decode(batch, next !== undefined)) return 'more';
      if (next !== undefined) {
        this.current = next;
        this.next = undefined;
        current.window.input.close().catch((error: unknown) => this.fail(error));
        this.watch();
        continue;
      }
      const { input } = current.window;
      if (!input.take()) return 'wait';
      if (!input.dry) continue;
      this.check();
      return 'wait';
    }
  }

  position(): Json {
    const { current } = this;
    return current === undefined ? null : { ...current.window.position(), file: current.identity };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancelCheck?.();
    this.watcher?.close();
    await this.checking;
    await Promise.all([this.current?.window.input.close(), this.next?.window.input.close()]);
  }

  /** The file to go on with: of that identity, or with that content before the offset, under its name or one that it was renamed to. */
  private async openFirst(file: string | undefined, from: BytePosition | undefined): Promise<OpenFile<T> | undefined> {
    if (file === undefined) return undefined;
    const stats = await statIfThere(this.path);
    if (stats !== undefined && identityOf(stats) === file) {
      const same = await this.openAt(this.path, from);
      if (same !== undefined) return same;
    }
    const others = await this.siblings();
    const renamed = others.filter(other => other.identity === file);
    // Copies are named after the file: `server.log.1`, `server-2026-01-31.log`.
    const stem = basename(this.path).split('.', 1)[0]!;
    const copies = others.filter(
      ({ path, size }) => from !== undefined && from.offset > 0 && size >= from.offset && basename(path).startsWith(stem),
    );
    for (const { path } of [...renamed, { path: this.path }, ...copies]) {
      const match = await this.openAt(path, from);
      if (match !== undefined) return match;
    }
    return undefined;
  }

  private async siblings(): Promise<{ path: string; identity: string; size: number }[]> {
    const directory = dirname(this.path);
    const found: { path: string; identity: string; size: number }[] = [];
    for (const name of await readdir(directory).catch(() => [])) {
      const path = join(directory, name);
      if (isCompressed(path) || path === this.path) continue;
      const stats = await statIfThere(path);
      if (stats?.isFile()) found.push({ path, identity: identityOf(stats), size: Number(stats.size) });
    }
    return found;
  }

  /** Opens a file; undefined when there is none, or it is not the one that the position is of. */
  private async openAt(path: string, from: BytePosition | undefined): Promise<OpenFile<T> | undefined> {
    let handle: FileHandle;
    try {
      handle = await openFile(path);
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'FILE_NOT_FOUND') return undefined;
      throw error;
    }
    const identity = identityOf(await handle.stat({ bigint: true }));
    const window = await openWindow(path, handle, this.format, this.context, from, FOLLOWED_CHUNK_BYTES);
    if (window === undefined) return undefined;
    this.owners.set(identity, this.context.split.id);
    return { handle, identity, window };
  }

  /** Looks at what has become of the file. */
  private check(): void {
    if (this.checking !== undefined || this.cancelCheck !== undefined || this.next !== undefined || this.closed) return;
    this.checking = this.look()
      .then(
        found => {
          if (!found) this.checkLater();
          else this.context.wake();
        },
        (error: unknown) => this.fail(error),
      )
      .finally(() => {
        this.checking = undefined;
      });
  }

  private fail(error: unknown): void {
    this.failure ??= { error: readError(this.path, error) };
    this.context.wake();
  }

  private checkLater(): void {
    if (this.closed) return;
    const { clock, scheduler } = this.context.environment;
    this.cancelCheck = scheduler.at(clock.now() + this.pollIntervalMs, () => this.checkNow());
  }

  private checkNow(): void {
    this.cancelCheck?.();
    this.cancelCheck = undefined;
    this.check();
  }

  /** Whether something is there to be read. */
  private async look(): Promise<boolean> {
    const { current } = this;
    if (current === undefined) {
      this.current = await this.openAt(this.path, undefined);
      this.watch();
      return this.current !== undefined;
    }
    const { input } = current.window;
    const readTo = input.base + input.to;
    const size = await sizeOf(current.handle);
    if (size > readTo) {
      this.rotatedAtMs = undefined;
      input.read();
      return true;
    }
    if (size < readTo) {
      this.next = await this.openAt(this.path, undefined);
      return this.next !== undefined;
    }
    if (!(await this.isReplaced(current.identity))) {
      this.rotatedAtMs = undefined;
      return false;
    }
    const now = this.context.environment.clock.now();
    this.rotatedAtMs ??= now;
    if (now - this.rotatedAtMs < ROTATION_GRACE_MS) return false;
    this.rotatedAtMs = undefined;
    this.next = await this.openAt(this.path, undefined);
    return this.next !== undefined;
  }

  /** Whether a file that nobody reads bears the name now. */
  private async isReplaced(identity: string): Promise<boolean> {
    const stats = await statIfThere(this.path);
    if (stats === undefined) return false;
    const named = identityOf(stats);
    const owner = this.owners.get(named);
    return named !== identity && (owner === undefined || owner === this.context.split.id);
  }

  /** Has the system tell of changes, so that they need not wait for the next look. Where it cannot, looking is enough. */
  private watch(): void {
    this.watcher?.close();
    this.watcher = undefined;
    if (this.closed || this.current === undefined) return;
    try {
      this.watcher = watch(this.path, { persistent: false }, () => this.checkNow());
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      this.watcher = undefined;
    }
  }
}

function isFollowPosition(position: Json | undefined): position is Json & FollowPosition {
  return isBytePosition(position) && 'file' in position && typeof position.file === 'string';
}

/** Identity of the file for which the split was found. */
function expectedFile(data: Json | undefined): string | undefined {
  return typeof data === 'string' ? data : undefined;
}

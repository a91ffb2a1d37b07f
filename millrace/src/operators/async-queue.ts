/** A record on its way. */
export interface Pending {
  /** Whether its outcome is known. */
  readonly settled: boolean;
}

/**
 * Records under way and the watermarks between them. It decides what may leave next: a record that has settled, or a watermark that no
 * record must overtake.
 */
export interface AsyncQueue<E extends Pending> {
  /** Records that have not left. */
  readonly size: number;
  /** Whether neither records nor watermarks are held. */
  readonly empty: boolean;
  /** Whether `take` would give something. */
  readonly ready: boolean;
  add(entry: E): void;
  addWatermark(watermark: number): void;
  /** Called once when an entry has settled. */
  settle(entry: E): void;
  /** Takes what may leave next; a number is a watermark. */
  take(): E | number | undefined;
}

/** Items that have left stay in the array until they are its greater part and more than so many. */
const LEFT_KEPT = 256;

/** First in, first out. */
export class Fifo<X> {
  private items: (X | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): X | undefined {
    return this.items[this.head];
  }

  get last(): X | undefined {
    return this.length === 0 ? undefined : this.items.at(-1);
  }

  push(item: X): void {
    this.items.push(item);
  }

  replaceLast(item: X): void {
    this.items[this.items.length - 1] = item;
  }

  shift(): X | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head > LEFT_KEPT && 2 * this.head > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}

/** Records leave in the order in which they came. */
export class OrderedQueue<E extends Pending> implements AsyncQueue<E> {
  size = 0;
  private readonly items = new Fifo<E | number>();

  get empty(): boolean {
    return this.items.length === 0;
  }

  get ready(): boolean {
    const { first } = this.items;
    return typeof first === 'number' || first?.settled === true;
  }

  add(entry: E): void {
    this.size++;
    this.items.push(entry);
  }

  addWatermark(watermark: number): void {
    if (typeof this.items.last === 'number') this.items.replaceLast(watermark);
    else this.items.push(watermark);
  }

  settle(): void {}

  take(): E | number | undefined {
    if (!this.ready) return undefined;
    const item = this.items.shift();
    if (typeof item === 'object') this.size--;
    return item;
  }
}

/** The records between two watermarks. */
interface Segment<E> {
  readonly settled: Fifo<E>;
  /** Records that have not settled. */
  open: number;
  /** The watermark that ends it; no further records once it is there. */
  watermark: number | undefined;
}

/** Records leave as they settle, but none leaves the span between the watermarks it came between. */
export class UnorderedQueue<E extends Pending> implements AsyncQueue<E> {
  size = 0;
  private readonly segments = new Fifo<Segment<E>>();
  private readonly segmentOf = new Map<E, Segment<E>>();

  get empty(): boolean {
    return this.size === 0 && this.segments.first?.watermark === undefined;
  }

  get ready(): boolean {
    const { first } = this.segments;
    return first !== undefined && (first.settled.length > 0 || (first.open === 0 && first.watermark !== undefined));
  }

  add(entry: E): void {
    let segment = this.segments.last;
    if (segment === undefined || segment.watermark !== undefined) segment = this.begin();
    segment.open++;
    this.segmentOf.set(entry, segment);
    this.size++;
  }

  addWatermark(watermark: number): void {
    const segment = this.segments.last ?? this.begin();
    segment.watermark = watermark;
  }

  settle(entry: E): void {
    const segment = this.segmentOf.get(entry)!;
    this.segmentOf.delete(entry);
    segment.open--;
    segment.settled.push(entry);
  }

  take(): E | number | undefined {
    const { first } = this.segments;
    if (first === undefined || !this.ready) return undefined;
    const entry = first.settled.shift();
    if (entry !== undefined) {
      this.size--;
      return entry;
    }
    this.segments.shift();
    return first.watermark;
  }

  private begin(): Segment<E> {
    const segment: Segment<E> = { settled: new Fifo(), open: 0, watermark: undefined };
    this.segments.push(segment);
    return segment;
  }
}

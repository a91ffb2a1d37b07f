interface Event {
  readonly atMs: number;
  /** Decides among events of one moment. */
  readonly draw: number;
  readonly run: () => void;
}

/** What is to happen, by time and then by the draw of each. */
export class EventQueue {
  private readonly heap: Event[] = [];

  get size(): number {
    return this.heap.length;
  }

  push(atMs: number, draw: number, run: () => void): void {
    const { heap } = this;
    let i = heap.push({ atMs, draw, run }) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i]!, heap[parent]!)) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  pop(): Event | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return last;
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = 2 * i + 1;
      if (least >= heap.length) return first;
      if (least + 1 < heap.length && before(heap[least + 1]!, heap[least]!)) least++;
      if (!before(heap[least]!, heap[i]!)) return first;
      this.swap(i, least);
      i = least;
    }
  }

  private swap(i: number, j: number): void {
    const { heap } = this;
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.draw < b.draw);
}

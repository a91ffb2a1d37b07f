/** Numbers the splits of a job, so that a batch names its split by a number. */
export class SplitNames {
  private readonly names: { source: string; split: string }[] = [];

  register(source: string, split: string): number {
    return this.names.push({ source, split }) - 1;
  }

  get(number: number): { source: string; split: string } {
    return this.names[number]!;
  }
}

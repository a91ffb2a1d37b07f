/** Longest text that is looked for, in bytes. */
const LONGEST = 32;
const WORDS = LONGEST / 4;
const SLOTS = 1024;
/** Misses after which the share of hits is looked at. */
const TRIAL = 1024;
/** How many texts are made without looking after a trial with few hits. */
const PAUSE = 65_536;

/**
 * Strings for texts that come again and again, such as names and codes: of equal bytes it returns the same string, which costs less than a
 * new one and whose hash later look-ups need not compute again. Where texts seldom repeat it steps aside for a while.
 */
export class StringCache {
  private readonly lengths = new Uint8Array(SLOTS);
  private readonly words = new Int32Array(SLOTS * WORDS);
  private readonly texts: string[] = new Array<string>(SLOTS).fill('');
  private hits = 0;
  private misses = 0;
  private pause = 0;

  /**
   * The text of `bytes[start, end)`, which is ASCII.
   *
   * @param view the same memory as `bytes`, with at least three bytes after `end`
   */
  ascii(bytes: Buffer, view: DataView, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > LONGEST) return bytes.toString('latin1', start, end);
    if (this.pause > 0) {
      this.pause--;
      return bytes.toString('latin1', start, end);
    }
    const whole = end - 3;
    // The last word holds the remaining one to three bytes; none when the length is a multiple of four.
    const restShift = (4 - (length & 3)) << 3;
    let hash = length;
    let i = start;
    for (; i < whole; i += 4) hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
    const rest = i < end ? view.getInt32(i, true) << restShift : 0;
    hash = Math.imul(hash ^ rest, 0x9e3779b1);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const { words } = this;
    if (this.lengths[slot] === length) {
      let word = slot * WORDS;
      for (i = start; i < whole && words[word] === view.getInt32(i, true); i += 4) word++;
      if (i >= whole && (i >= end || words[word] === rest)) {
        this.hits++;
        return this.texts[slot]!;
      }
    }
    const text = bytes.toString('latin1', start, end);
    let word = slot * WORDS;
    for (i = start; i < whole; i += 4) words[word++] = view.getInt32(i, true);
    if (i < end) words[word] = rest;
    this.lengths[slot] = length;
    this.texts[slot] = text;
    if (++this.misses === TRIAL) {
      if (this.hits < TRIAL / 2) this.pause = PAUSE;
      this.hits = 0;
      this.misses = 0;
    }
    return text;
  }
}

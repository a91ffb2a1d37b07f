const ESCAPE = '\u001b\\[(\\d+)([A-Z])';

/** What a terminal shows after text and the two escape sequences that live areas use. */
export class Screen {
  private readonly lines: string[] = [''];
  private row = 0;
  private column = 0;

  write(text: string): void {
    for (const [part] of text.matchAll(new RegExp(`${ESCAPE}|\\n|[^\u001b\\n]+`, 'g'))) {
      const escape = new RegExp(`^${ESCAPE}$`).exec(part);
      if (escape?.[2] === 'F') {
        this.row -= Number(escape[1]);
        this.column = 0;
        if (this.row < 0) throw new Error('the cursor is above the screen');
      } else if (escape?.[2] === 'J') {
        this.lines.splice(this.row + 1);
        this.lines[this.row] = this.lines[this.row]!.slice(0, this.column);
      } else if (escape !== null) throw new Error(`unknown escape sequence ${part}`);
      else if (part === '\n') {
        this.row++;
        this.column = 0;
        if (this.row === this.lines.length) this.lines.push('');
      } else {
        const line = this.lines[this.row]!;
        this.lines[this.row] = line.slice(0, this.column) + part + line.slice(this.column + part.length);
        this.column += part.length;
      }
    }
  }

  get text(): string {
    return this.lines.join('\n');
  }
}

import { DamagedFileError } from './check-file.ts';

export interface TableName {
  readonly operator: string;
  readonly table: string;
}

/** Tables by number, so that their names are no part of the keys of segments. */
export class TableNames {
  private readonly names = new Map<number, TableName>();
  private readonly numbers = new Map<string, number>();
  private next = 0;

  set(number: number, name: TableName): void {
    this.names.set(number, name);
    this.numbers.set(idOf(name), number);
    this.next = Math.max(this.next, number + 1);
  }

  find(name: TableName): number | undefined {
    return this.numbers.get(idOf(name));
  }

  /** Gives a new table its number. */
  add(name: TableName): number {
    const number = this.next;
    this.set(number, name);
    return number;
  }

  /** @throws DamagedFileError */
  name(number: number): TableName {
    const name = this.names.get(number);
    if (name === undefined) throw new DamagedFileError(`the name of table ${number} is missing`);
    return name;
  }
}

function idOf({ operator, table }: TableName): string {
  return JSON.stringify([operator, table]);
}

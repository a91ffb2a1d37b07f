import { codeGenerationAllowed, compile } from '../../base/codegen.ts';

/** Makes `n` records of columns, into `rows[0, n)`. */
export type BuildRows = (columns: readonly (readonly unknown[])[], n: number, rows: unknown[]) => void;

export interface RowBuilder {
  /** Every column becomes a field. */
  readonly all: BuildRows;
  /** A null becomes no field where `absent` says so. */
  readonly sparse: BuildRows;
}

/** @param absent for each column, whether null means that the field is missing */
export function rowBuilder(names: readonly string[], absent: readonly boolean[]): RowBuilder {
  const sparse = sparseBuilder(names, absent);
  return {
    all: codeGenerationAllowed()
      ? generated(names)
      : sparseBuilder(
          names,
          names.map(() => false),
        ),
    sparse,
  };
}

/** One object literal, so that all records have one hidden class from the start. */
function generated(names: readonly string[]): BuildRows {
  // In brackets it is a field like others and not the prototype.
  const fields = names.map((name, i) => `${name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)}: c${i}[i]`);
  return compile<BuildRows>(
    `return (columns, n, rows) => {
  ${names.map((_, i) => `const c${i} = columns[${i}];`).join(' ')}
  for (let i = 0; i < n; i++) rows[i] = { ${fields.join(', ')} };
};`,
    {},
  );
}

function sparseBuilder(names: readonly string[], absent: readonly boolean[]): BuildRows {
  return (columns, n, rows) => {
    for (let i = 0; i < n; i++) {
      const row: Record<string, unknown> = {};
      for (let c = 0; c < names.length; c++) {
        const value = columns[c]![i];
        if (value === null && absent[c]) continue;
        if (names[c] === '__proto__')
          Object.defineProperty(row, '__proto__', { value, enumerable: true, writable: true, configurable: true });
        else row[names[c]!] = value;
      }
      rows[i] = row;
    }
  };
}

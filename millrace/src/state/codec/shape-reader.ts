import { codeGenerationAllowed, compile } from '../../base/codegen.ts';

interface Values {
  read(): unknown;
}

/** Makes an object of the values that come next. */
type MakeObject = (values: Values) => Record<string, unknown>;

/** Uses after which a function is generated for a shape; for few objects it would not pay for itself. */
const USES_BEFORE_COMPILE = 500;

/** Makes the objects of one shape. */
export class ShapeReader {
  private readonly names: readonly string[];
  private make: MakeObject;
  private uses = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.make = values => this.makeByName(values);
  }

  read(values: Values): Record<string, unknown> {
    return this.make(values);
  }

  private makeByName(values: Values): Record<string, unknown> {
    if (++this.uses === USES_BEFORE_COMPILE && codeGenerationAllowed()) this.make = compileShape(this.names);
    const object: Record<string, unknown> = {};
    for (const name of this.names) {
      const value = values.read();
      if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
      else object[name] = value;
    }
    return object;
  }
}

/** One object literal, so that all objects have one hidden class from the start. */
function compileShape(names: readonly string[]): MakeObject {
  // Computed, so that `__proto__` is a field like any other.
  const fields = names.map(name => `${name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)}: values.read()`);
  return compile(`return values => ({ ${fields.join(', ')} });`, {});
}

/** Shapes that are kept; they are found again from one segment to the next. */
const KEPT_MAX = 4096;

export class ShapeReaders {
  private readonly kept = new Map<string, ShapeReader>();

  get(names: readonly string[]): ShapeReader {
    const id = JSON.stringify(names);
    let reader = this.kept.get(id);
    if (reader === undefined) {
      if (this.kept.size === KEPT_MAX) this.kept.clear();
      reader = new ShapeReader(names);
      this.kept.set(id, reader);
    }
    return reader;
  }
}

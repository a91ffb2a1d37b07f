import { codeGenerationAllowed, compile } from '../../base/codegen.ts';
import { MillraceError } from '../../base/errors.ts';
import type { Aggregate, AggregateResults } from '../../spi/aggregate.ts';
import type { TimeWindow } from '../../spi/window.ts';
import { inlineOf } from './inline.ts';

/**
 * One accumulator for each aggregate, in the order of their names: `a0`, `a1`, ... Both forms of a composed aggregate make and read the
 * same.
 */
export type Accumulators = Record<`a${number}`, unknown>;

/** Several aggregates folded as one. */
export interface ComposedAggregates<in T, out R> {
  create(): Accumulators;
  /** New accumulators that hold one record: `create` and `add` in one step. */
  begin(record: T): Accumulators;
  /** A copy that may be changed. */
  copy(accumulators: Accumulators): Accumulators;
  /** Takes all inputs of a record, then folds them in place. Where an input throws, nothing has been folded. */
  add(accumulators: Accumulators, record: T): void;
  /** Folds a later part in, in place; `other` stays as it is. */
  merge(accumulators: Accumulators, other: Accumulators): void;
  result(accumulators: Accumulators): R;
  keyedResult<K>(key: K, accumulators: Accumulators): { key: K } & R;
  windowedResult<K>(key: K, window: TimeWindow, accumulators: Accumulators): { key: K; window: TimeWindow } & R;
}

type Named = readonly (readonly [name: string, aggregate: Aggregate<never, unknown>])[];

/**
 * Fuses named aggregates into one, as generated code where that is allowed and as closures where not.
 *
 * @throws MillraceError `AGGREGATE_NAME` for no aggregates and for the names `key` and `window`
 * @throws MillraceError `AGGREGATE_INVALID` for what is no aggregate
 * @example
 * const composed = composeAggregates({ flights: count(), worst: max((f: { delay: number }) => f.delay) });
 * const accumulators = composed.create();
 * composed.add(accumulators, { delay: 12 });
 * composed.keyedResult('JFK', accumulators) // { key: 'JFK', flights: 1, worst: 12 }
 */
export function composeAggregates<T, A extends Record<string, Aggregate<never, unknown>>>(
  aggregates: A & Record<string, Aggregate<T, unknown>>,
): ComposedAggregates<T, AggregateResults<A>>;
export function composeAggregates(aggregates: Record<string, Aggregate<never, unknown>>): ComposedAggregates<never, unknown> {
  const named = Object.entries(aggregates);
  if (named.length === 0) {
    throw new MillraceError('AGGREGATE_NAME', { where: 'aggregate', expected: 'at least one aggregate', got: 'none' });
  }
  for (const [name, aggregate] of named) {
    if (name === 'key' || name === 'window') {
      throw new MillraceError('AGGREGATE_NAME', { where: 'aggregate', expected: "names other than 'key' and 'window'", got: `'${name}'` });
    }
    if (typeof aggregate?.add !== 'function') {
      throw new MillraceError('AGGREGATE_INVALID', {
        where: `aggregate '${name}'`,
        expected: 'an aggregate such as count()',
        got: typeof aggregate,
      });
    }
  }
  return codeGenerationAllowed() ? composeGenerated(named) : composeClosures(named);
}

/** The composed aggregate as calls of the aggregates' methods. */
export function composeClosures(named: Named): ComposedAggregates<never, unknown> {
  // Accumulators are of types that only their own aggregates know.
  const parts = named.map(([name, aggregate], i) => ({
    name,
    aggregate: aggregate as Aggregate<unknown, unknown>,
    field: `a${i}` as const,
  }));
  const inputs = new Array<unknown>(parts.length);
  const withResults = (fields: Record<string, unknown>, accumulators: Accumulators) => {
    for (const { name, aggregate, field } of parts) {
      const value = aggregate.result(accumulators[field] as never);
      // An assignment to `__proto__` would set the prototype.
      if (name === '__proto__') Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true });
      else fields[name] = value;
    }
    return fields;
  };

  const create = (): Accumulators => Object.fromEntries(parts.map(({ aggregate, field }) => [field, aggregate.create()]));
  const add = (accumulators: Accumulators, record: never) => {
    for (let i = 0; i < parts.length; i++) inputs[i] = parts[i]!.aggregate.input(record);
    for (let i = 0; i < parts.length; i++) {
      const { aggregate, field } = parts[i]!;
      const input = inputs[i];
      if (input !== undefined && input !== null) accumulators[field] = aggregate.add(accumulators[field] as never, input as never);
    }
  };
  const merge = (accumulators: Accumulators, other: Accumulators) => {
    for (const { aggregate, field } of parts) {
      accumulators[field] = aggregate.merge(accumulators[field] as never, other[field] as never);
    }
  };

  return {
    create,
    begin(record) {
      const accumulators = create();
      add(accumulators, record);
      return accumulators;
    },
    copy(accumulators) {
      const copied = create();
      merge(copied, accumulators);
      return copied;
    },
    add,
    merge,
    result: accumulators => withResults({}, accumulators),
    keyedResult: (key, accumulators) => withResults({ key }, accumulators) as never,
    windowedResult: (key, window, accumulators) => withResults({ key, window }, accumulators) as never,
  };
}

/** The composed aggregate as one generated function for each step, with the common built-in folds written out. */
export function composeGenerated(named: Named): ComposedAggregates<never, unknown> {
  const bound: Record<string, unknown> = {};
  const create: string[] = [];
  const begin: string[] = [];
  const copy: string[] = [];
  const inputs: string[] = [];
  const adds: string[] = [];
  const merges: string[] = [];
  const results: string[] = [];
  named.forEach(([name, aggregate], i) => {
    const inline = inlineOf(aggregate);
    const field = `acc.a${i}`;
    const other = `other.a${i}`;
    const self = `self${i}`;
    const value = `v${i}`;
    bound[self] = aggregate;
    const add = `if (${value} !== undefined && ${value} !== null) ${field} = ${self}.add(${field}, ${value});`;
    if (inline === undefined) {
      create.push(`a${i}: ${self}.create()`);
      begin.push(`a${i}: ${value} === undefined || ${value} === null ? ${self}.create() : ${self}.add(${self}.create(), ${value})`);
      copy.push(`a${i}: ${self}.merge(${self}.create(), ${field})`);
      inputs.push(`const ${value} = ${self}.input(record);`);
      adds.push(add);
      merges.push(`${field} = ${self}.merge(${field}, ${other});`);
    } else {
      create.push(`a${i}: ${inline.create}`);
      copy.push(`a${i}: ${inline.copy(field)}`);
      merges.push(inline.merge(field, other, self));
      if (inline.of === undefined) {
        begin.push(`a${i}: ${inline.begin(value)}`);
        adds.push(inline.add(field, value, self));
      } else {
        bound[`of${i}`] = inline.of;
        bound[`check${i}`] = inline.check;
        inputs.push(
          `let ${value} = of${i}(record);`,
          `const common${i} = ${inline.common(value)};`,
          `if (!common${i}) ${value} = check${i}(${value});`,
        );
        begin.push(
          `a${i}: common${i} ? ${inline.begin(value)} : ` +
            `${value} === undefined || ${value} === null ? ${inline.create} : ${self}.add(${inline.create}, ${value})`,
        );
        adds.push(`if (common${i}) { ${inline.add(field, value, self)} } else ${add}`);
      }
    }
    // In a literal `"__proto__": x` would set the prototype; a computed name defines a field.
    results.push(
      `${name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)}: ${inline?.result(field) ?? `${self}.result(${field})`}`,
    );
  });
  const text = `return {
    create() { return { ${create.join(', ')} }; },
    begin(record) {
      ${inputs.join('\n      ')}
      return { ${begin.join(', ')} };
    },
    copy(acc) { return { ${copy.join(', ')} }; },
    add(acc, record) {
      ${[...inputs, ...adds].join('\n      ')}
    },
    merge(acc, other) {
      ${merges.join('\n      ')}
    },
    result(acc) { return { ${results.join(', ')} }; },
    keyedResult(key, acc) { return { key: key, ${results.join(', ')} }; },
    windowedResult(key, window, acc) { return { key: key, window: window, ${results.join(', ')} }; },
  };`;
  return compile(text, bound);
}

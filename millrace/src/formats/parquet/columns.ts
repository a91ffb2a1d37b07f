import type { SchemaTree } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';
import { similarNames } from '../../base/similar-name.ts';
import type { FieldShape, RecordShape, ValueKind } from '../../types/schema.ts';
import { type LeafColumn, leafColumn } from './leaf-column.ts';

/** A column that is read. */
export interface Column {
  readonly name: string;
  /** From the root of the file's schema to the column. */
  readonly path: readonly [SchemaTree, SchemaTree];
  /** What the schema says of it; undefined when it says nothing. */
  readonly field: FieldShape | undefined;
  /** Undefined for a column that is nested. */
  readonly leaf: LeafColumn | undefined;
}

/**
 * The columns of a file that make up its records: those that the schema declares, in its order, and the others where it keeps them. All of
 * them without a structure.
 *
 * @param coerces whether the schema may make its values of others, such as numbers of text
 * @throws MillraceError `SCHEMA_COLUMNS`
 */
export function selectColumns(path: string, root: SchemaTree, shape: RecordShape | undefined, coerces: boolean): Column[] {
  const columns = declaredColumns(path, root, shape);
  if (!coerces) for (const column of columns) checkKind(path, column);
  return columns;
}

function declaredColumns(path: string, root: SchemaTree, shape: RecordShape | undefined): Column[] {
  const trees = new Map(root.children.map(child => [child.element.name, child]));
  const others = () => Array.from(trees.values(), tree => columnOf(root, tree, undefined));
  if (shape === undefined) return others();
  const columns: Column[] = [];
  for (const field of shape.fields) {
    const tree = trees.get(field.name);
    trees.delete(field.name);
    if (tree !== undefined) columns.push(columnOf(root, tree, field));
    else if (!field.optional) throw missingColumn(path, field.name, root);
  }
  if (shape.undeclared === 'refuse' && trees.size > 0) {
    throw new MillraceError('SCHEMA_COLUMNS', {
      where: path,
      expected: `no columns but ${shape.fields.map(field => `'${field.name}'`).join(', ')}`,
      got: [...trees.keys()].map(name => `'${name}'`).join(', '),
      hint: 'declare the columns, or let the schema pass over what it does not declare',
    });
  }
  return shape.undeclared === 'keep' ? [...columns, ...others()] : columns;
}

/** Names that are shown when a file has more. */
const NAMES_SHOWN = 20;

function missingColumn(path: string, name: string, root: SchemaTree): MillraceError {
  const names = root.children.map(child => child.element.name);
  const shown = names.slice(0, NAMES_SHOWN).map(n => `'${n}'`);
  const similar = similarNames(name, names);
  return new MillraceError('SCHEMA_COLUMNS', {
    where: path,
    expected: `a column '${name}'`,
    got: shown.join(', ') + (names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''),
    ...(similar.length > 0 && { hint: `did you mean ${similar.map(n => `'${n}'`).join(' or ')}?` }),
  });
}

/** Kinds of which none is ever another's. */
const FAMILIES: Readonly<Partial<Record<ValueKind | 'other', string>>> = {
  string: 'text',
  number: 'numbers',
  integer: 'numbers',
  int64: 'numbers',
  boolean: 'booleans',
};

/** Sees that a column can hold what the schema says of its field. */
function checkKind(path: string, { name, path: [, tree], field, leaf }: Column): void {
  const given = FAMILIES[leaf?.conversion.gives ?? 'other'];
  const wanted = FAMILIES[field?.kind ?? 'any'];
  const { logical_type: logical, converted_type: converted, type } = tree.element;
  // A column of nothing but nulls has some type or other.
  if (given === undefined || wanted === undefined || given === wanted || logical?.type === 'NULL') return;
  throw new MillraceError('SCHEMA_COLUMNS', {
    where: path,
    expected: `a column '${name}' of ${wanted}`,
    got: `one of ${given}: ${logical?.type ?? converted ?? type}`,
    hint: 'correct the type in the schema',
  });
}

function columnOf(root: SchemaTree, tree: SchemaTree, field: FieldShape | undefined): Column {
  const flat = tree.children.length === 0 && tree.element.repetition_type !== 'REPEATED';
  return { name: tree.element.name, path: [root, tree], field, leaf: flat ? leafColumn([root, tree], field?.kind) : undefined };
}

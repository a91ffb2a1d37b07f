import type { SchemaTree } from 'hyparquet';
import { MillraceError } from '../../base/errors.ts';
import { similarNames } from '../../base/similar-name.ts';
import type { FieldShape, RecordShape } from '../../types/schema.ts';

/** A column that is read. */
export interface Column {
  readonly name: string;
  readonly tree: SchemaTree;
  /** What the schema says of it; undefined when it says nothing. */
  readonly field: FieldShape | undefined;
}

/**
 * The columns of a file that make up its records: those that the schema declares, in its order, and the others where it keeps them. All of
 * them without a structure.
 *
 * @throws MillraceError `SCHEMA_COLUMNS`
 */
export function selectColumns(path: string, root: SchemaTree, shape: RecordShape | undefined): Column[] {
  const trees = new Map(root.children.map(child => [child.element.name, child]));
  const others = () => Array.from(trees, ([name, tree]) => ({ name, tree, field: undefined }));
  if (shape === undefined) return others();
  const columns: Column[] = [];
  for (const field of shape.fields) {
    const tree = trees.get(field.name);
    trees.delete(field.name);
    if (tree !== undefined) columns.push({ name: field.name, tree, field });
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

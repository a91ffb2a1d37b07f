import type { SchemaElement, SchemaTree } from 'hyparquet';
import type { ValueKind } from '../../types/schema.ts';
import { type Conversion, conversionOf } from './conversion.ts';

/** A column as it stands in the file: one that is not nested, or one of those that a nested column is made of. */
export interface LeafColumn {
  readonly element: SchemaElement;
  /** From the root of the schema to the column. */
  readonly path: SchemaTree[];
  readonly conversion: Conversion;
  /** The definition level of a value that is there: how many of the path may be missing. */
  readonly maxDefinition: number;
  /** How many of the path are repeated. */
  readonly maxRepetition: number;
}

/** @param wanted what the schema says of the values, if it does */
export function leafColumn(path: SchemaTree[], wanted: ValueKind | undefined): LeafColumn {
  const { element } = path.at(-1)!;
  const below = path.slice(1);
  return {
    element,
    path,
    conversion: conversionOf(element, isMapKey(path) ? 'string' : wanted),
    maxDefinition: below.filter(node => node.element.repetition_type !== 'REQUIRED').length,
    maxRepetition: below.filter(node => node.element.repetition_type === 'REPEATED').length,
  };
}

/** The columns that a column of the file is made of; itself when it is not nested. */
export function leavesOf(path: SchemaTree[]): SchemaTree[][] {
  const { children } = path.at(-1)!;
  return children.length === 0 ? [path] : children.flatMap(child => leavesOf([...path, child]));
}

/** Keys of maps become names of fields, even where the file does not mark them as text. */
function isMapKey(path: SchemaTree[]): boolean {
  return path.at(-1)!.element.name === 'key' && path.at(-3)?.element.converted_type === 'MAP';
}

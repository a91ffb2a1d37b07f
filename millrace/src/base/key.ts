/**
 * The form in which keys are looked up: a primitive that a Map compares by value. Composite keys (arrays and plain objects of JSON
 * values) become text that starts with NUL, which is turned back when the key is shown to the user.
 */
export type Key = string | number | bigint | boolean;

const COMPOSITE = '\u0000';

/** Thrown for a value that cannot be a key, such as null. */
export class KeyError extends TypeError {
  override readonly name = 'KeyError';
}

/**
 * The lookup form of what a key selector returned.
 *
 * @throws KeyError for null, undefined, NaN, functions and symbols, alone or inside a composite key
 */
export function encodeKey(selected: unknown): Key {
  switch (typeof selected) {
    case 'string':
      return selected.charCodeAt(0) === 0 ? COMPOSITE + JSON.stringify(selected, checkPart) : selected;
    case 'bigint':
    case 'boolean':
      return selected;
    case 'number':
      if (selected === selected) return selected;
      break;
    case 'object':
      if (selected !== null) return COMPOSITE + JSON.stringify(selected, checkPart);
      break;
  }
  throw new KeyError(`the key is ${nameOf(selected)}`);
}

/** The key as the user's selector returned it. */
export function decodeKey(key: Key): unknown {
  // Short, so that it is inlined into the loop of a chain.
  return typeof key === 'string' && key.charCodeAt(0) === 0 ? decodeMarked(key) : key;
}

function decodeMarked(key: string): unknown {
  return JSON.parse(key.slice(1), (_, part) => {
    if (typeof part !== 'string' || part.charCodeAt(0) !== 0) return part;
    return part[1] === 'n' ? BigInt(part.slice(2)) : part.slice(2);
  });
}

/** Text that begins with NUL is marked, so that it is not taken for a marked bigint. */
function escapeText(text: string): string {
  return text.charCodeAt(0) === 0 ? `\u0000s${text}` : text;
}

function checkPart(name: string, part: unknown): unknown {
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'bigint') return `\u0000n${part}`;
  if (part === null || part === undefined || typeof part === 'function' || typeof part === 'symbol' || Number.isNaN(part)) {
    throw new KeyError(`part '${name}' of the key is ${nameOf(part)}`);
  }
  return part;
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : Number.isNaN(value) ? 'NaN' : typeof value;
}

/**
 * What a terminal might obey instead of show: control characters (C0, DEL, C1), which start escape sequences; line and paragraph
 * separators; and the marks that turn the direction of text, which can make it read as something else.
 */
const OBEYED = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The text with everything that a terminal might obey written as an escape of JSON and JavaScript, such as `\u001b`. */
export function printable(text: string): string {
  return text.replace(OBEYED, character => NAMED[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

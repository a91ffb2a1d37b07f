import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { lineOf, syntaxNodes, type SyntaxNode } from './source-files.ts';

/** From the bottom to the top: a folder imports what stands on a lower level. */
const LEVELS = [
  ['base'],
  ['types'],
  ['spi'],
  ['time', 'state', 'formats', 'connectors', 'windows', 'operators'],
  ['runtime', 'plan'],
  ['api'],
  ['sql'],
  ['testing'],
  ['server'],
  ['cli'],
];

/** Imports between folders of one level; there is no way round in a circle. */
const BESIDE: Record<string, readonly string[]> = {
  windows: ['time'],
  connectors: ['formats'],
  operators: ['windows', 'time', 'state'],
  runtime: ['plan'],
};

/** Runtime sees operators, windows and connectors through their contracts in spi alone, though they stand below it. */
const NEVER: Record<string, readonly string[]> = { runtime: ['operators', 'windows', 'connectors'] };

/** What of Node each place may import; nothing elsewhere. */
const BUILTINS: readonly { place: string; modules: readonly string[] | 'all' }[] = [
  { place: 'connectors/', modules: 'all' },
  { place: 'state/lmdb/', modules: 'all' },
  { place: 'server/', modules: 'all' },
  { place: 'cli/', modules: 'all' },
  { place: 'formats/', modules: ['node:buffer', 'node:zlib'] },
];

/** The one place that asks the machine for time, timers and randomness. */
const SYSTEM = 'base/system.ts';

/** Properties of globals that read time or randomness or set a timer, and globals that are timers. */
const SYSTEM_MEMBERS = new Set([
  'Date.now',
  'performance.now',
  'performance.timeOrigin',
  'Math.random',
  'process.hrtime',
  'process.uptime',
  'process.nextTick',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'AbortSignal.timeout',
]);
const SYSTEM_GLOBALS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);

/** Globals that reach outside the program, and where they may be used. */
const IO_OBJECTS = new Set(['process', 'console']);
const IO_GLOBALS = new Set(['fetch', 'WebSocket']);
const IO_PLACES = ['connectors/', 'state/lmdb/', 'server/', 'cli/'];

/** The layer of a file; files directly in src are the face of api. */
function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'api';
}

function mayImport(from: string, to: string): boolean {
  if (NEVER[from]?.includes(to)) return false;
  const level = (layer: string) => LEVELS.findIndex(layers => layers.includes(layer));
  return from === to || level(to) < level(from) || BESIDE[from]?.includes(to) === true;
}

/** What a text imports and re-exports, as types or at run time. */
function* importsOf(text: string): Generator<{ specifier: string; line: number }> {
  for (const { node } of syntaxNodes(text)) {
    const source = node.source as SyntaxNode | null | undefined;
    if (typeof source?.value === 'string') yield { specifier: source.value, line: lineOf(text, node.start) };
  }
}

/** What is wrong with the imports of one file. */
export function importViolations(path: string, text: string): string[] {
  const layer = layerOf(path);
  if (!LEVELS.flat().includes(layer)) return [`${path}: ${layer} is no layer`];
  const violations: string[] = [];
  for (const { specifier, line } of importsOf(text)) {
    if (specifier.startsWith('.')) {
      const target = layerOf(posix.join(posix.dirname(path), specifier));
      if (!mayImport(layer, target)) violations.push(`${path}:${line}: ${layer} imports ${target}`);
    } else if (isBuiltin(specifier)) {
      const allowed = BUILTINS.some(b => path.startsWith(b.place) && (b.modules === 'all' || b.modules.includes(specifier)));
      if (!allowed) violations.push(`${path}:${line}: imports ${specifier}`);
    }
  }
  return violations;
}

/** Where a file asks the machine for time, timers and randomness, or does I/O, and may not. */
export function systemAccess(path: string, text: string): string[] {
  if (path === SYSTEM) return [];
  const ioAllowed = IO_PLACES.some(place => path.startsWith(place));
  const found: string[] = [];
  for (const { node, parent } of syntaxNodes(text)) {
    const access =
      systemMember(node) ?? systemGlobal(node, parent) ?? currentDate(node) ?? (ioAllowed ? undefined : ioGlobal(node, parent));
    if (access !== undefined) found.push(`${path}:${lineOf(text, node.start)}: ${access}`);
  }
  return found;
}

function nameOf(node: unknown): string | undefined {
  const { type, name } = (node ?? {}) as Partial<SyntaxNode>;
  return type === 'Identifier' ? String(name) : undefined;
}

/** The name of a global, where the node is one: not of a property (`socket.setTimeout`, `{ setTimeout: 5 }`) or of a type. */
function globalName(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  if (parent?.type === 'MemberExpression') {
    if (parent.property === node && nameOf(parent.object) !== 'globalThis') return undefined;
  } else if (parent?.key === node || parent?.type.startsWith('TS')) return undefined;
  return nameOf(node);
}

function systemMember(node: SyntaxNode): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  const member = `${nameOf(node.object)}.${nameOf(node.property)}`;
  return SYSTEM_MEMBERS.has(member) ? member : undefined;
}

function systemGlobal(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  const name = globalName(node, parent);
  return name !== undefined && SYSTEM_GLOBALS.has(name) ? name : undefined;
}

function ioGlobal(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  const object = node.type === 'MemberExpression' ? nameOf(node.object) : undefined;
  if (object !== undefined && IO_OBJECTS.has(object)) return object;
  const name = globalName(node, parent);
  return name !== undefined && IO_GLOBALS.has(name) ? name : undefined;
}

/** `Date()` and `new Date()` without arguments read the clock. */
function currentDate(node: SyntaxNode): string | undefined {
  if (nameOf(node.callee) !== 'Date') return undefined;
  if (node.type === 'CallExpression') return 'Date()';
  return node.type === 'NewExpression' && (node.arguments as unknown[]).length === 0 ? 'new Date()' : undefined;
}

export { consoleTable, type ConsoleTableOptions } from './console-table.ts';
export type { WritableLike } from './output.ts';
export { print, type PrintOptions } from './print.ts';

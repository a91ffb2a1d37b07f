export { type FileConnector, type FileFormatName, type FileOptions, file } from './file.ts';

export { rejectLog, rejectToJson } from './reject-log.ts';

import { LoggedStateBackend } from '../../millrace/src/state/logged-state.ts';
import type { CompactionLimits } from '../../millrace/src/state/logged-table.ts';

/** Some cells at a time, and as soon as a log is longer than its table. */
const EARLY: CompactionLimits = { logBytesMin: 100, portionBytesMin: 50 };

/** Makes the logs of state as small as those of a case be compacted. The returned function undoes it. */
export function compactEarly(): () => void {
  const { operator, restore } = LoggedStateBackend.prototype;
  LoggedStateBackend.prototype.operator = function (id) {
    limit(this);
    return operator.call(this, id);
  };
  LoggedStateBackend.prototype.restore = function (segments) {
    limit(this);
    restore.call(this, segments);
  };
  return () => {
    LoggedStateBackend.prototype.operator = operator;
    LoggedStateBackend.prototype.restore = restore;
  };
}

function limit(backend: object): void {
  Object.assign(backend, { limits: EARLY });
}

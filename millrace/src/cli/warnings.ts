/**
 * Sends the warnings of Node and of packages where the caller says, so that they do not tear other output apart. That type stripping is
 * new is not worth a warning to somebody who runs a TypeScript program on purpose.
 */
export function sendWarnings(to: (text: string) => void): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message, stack }) => {
    if (name === 'ExperimentalWarning' && message.startsWith('Type Stripping')) return;
    to(process.execArgv.includes('--trace-warnings') ? (stack ?? message) : `${name}: ${message}`);
  });
}

import { MillraceError } from '../base/errors.ts';
import { ignoreBrokenPipes } from './broken-pipe.ts';
import { type Command, columns, commandHelp, HELP_OPTION, invoke, optionTable, type OptionSpecs } from './command.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { isMillraceError, printError } from './print-error.ts';
import { similarNames } from '../base/similar-name.ts';
import { ownVersion } from './version.ts';

interface Entry {
  readonly summary: string;
  /** Each command is loaded when it is called for: `run` should start as fast as it can. */
  call(args: readonly string[]): Promise<ExitCode>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  run: { summary: 'run a pipeline', call: async args => runOrHelp((await import('./run.ts')).runCommand, args) },
  plan: {
    summary: 'show what a pipeline would do, without running it',
    call: async args => runOrHelp((await import('./plan.ts')).planCommand, args),
  },
  new: {
    summary: 'make a project with a pipeline and its test',
    call: async args => runOrHelp((await import('./new.ts')).newCommand, args),
  },
};

const GLOBAL_OPTIONS: OptionSpecs = { version: { type: 'boolean', short: 'v', description: 'show the version' }, help: HELP_OPTION };

/** Runs the command line and ends the process, whatever the program has left open. */
export async function main(args: readonly string[]): Promise<void> {
  ignoreBrokenPipes();
  let code: ExitCode;
  try {
    code = await call(args);
  } catch (error) {
    printError(error, { verbose: args.includes('--verbose') });
    code = isMillraceError(error) ? exitCodes.usage : exitCodes.failed;
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}

async function call([first, ...args]: readonly string[]): Promise<ExitCode> {
  switch (first) {
    case undefined:
      process.stderr.write(help());
      return exitCodes.usage;
    case '--version':
    case '-v':
      process.stdout.write(`${ownVersion()}\n`);
      return exitCodes.done;
    case '--help':
    case '-h':
      process.stdout.write(help());
      return exitCodes.done;
    case 'help':
      return call(args.length === 0 ? ['--help'] : [...args, '--help']);
  }
  if (Object.hasOwn(COMMANDS, first)) return COMMANDS[first]!.call(args);
  throw new MillraceError('CLI_USAGE', {
    where: 'millrace',
    expected: Object.keys(COMMANDS).join(', '),
    got: first,
    hint: suggestion(first),
  });
}

function suggestion(word: string): string {
  // The program alone, without a command, is what other runners take.
  if (/\.[cm]?[jt]s$/.test(word)) return `millrace run ${word}`;
  const [meant] = similarNames(word, Object.keys(COMMANDS));
  return meant === undefined ? 'millrace --help' : `did you mean millrace ${meant}?`;
}

function runOrHelp<O extends OptionSpecs>(command: Command<O>, args: readonly string[]): Promise<ExitCode> {
  const dashes = args.indexOf('--');
  const own = dashes < 0 ? args : args.slice(0, dashes);
  if (!own.includes('--help') && !own.includes('-h')) return invoke(command, args);
  process.stdout.write(commandHelp(command));
  return Promise.resolve(exitCodes.done);
}

function help(): string {
  return `Usage: millrace <command>

A stateful stream processor for TypeScript.

Commands:
${columns(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]))}

Options:
${optionTable(GLOBAL_OPTIONS)}

millrace <command> --help says more of a command.
`;
}

/** Resolves when all that was written has left the process; also when nobody reads it any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

import { parseArgs } from 'node:util';
import { MillraceError } from '../base/errors.ts';
import type { ExitCode } from './exit-codes.ts';
import { similarNames } from '../base/similar-name.ts';

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** What the value is, for the help: `file`. Only for strings. */
  readonly value?: string;
  /** The values that it can have. */
  readonly choices?: readonly string[];
  readonly description: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What the options of a command were set to; undefined for those that were not given. */
export type OptionValues<O extends OptionSpecs> = { readonly [name in keyof O]?: O[name]['type'] extends 'string' ? string : boolean };

export interface Invocation<O extends OptionSpecs> {
  readonly operands: readonly string[];
  readonly options: OptionValues<O>;
  /** What stands behind `--`. */
  readonly rest: readonly string[];
}

/** A subcommand with all that its help says. */
export interface Command<O extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** Operands as the help shows them: `<program>`. All are needed. */
  readonly operands: readonly string[];
  /** Whether arguments may follow behind `--`. */
  readonly takesRest: boolean;
  readonly options: O;
  /** Paragraphs of the help, before the options. */
  readonly description: string;
  readonly examples: readonly string[];
  run(invocation: Invocation<O>): Promise<ExitCode>;
}

export const HELP_OPTION = { type: 'boolean', short: 'h', description: 'show this help' } as const satisfies OptionSpec;

/** Lets the types of the options be inferred. */
export function defineCommand<const O extends OptionSpecs>(command: Command<O>): Command<O> {
  return command;
}

/**
 * Runs a command with its arguments.
 *
 * @throws MillraceError `CLI_USAGE` when they are not what it takes
 */
export function invoke<O extends OptionSpecs>(command: Command<O>, args: readonly string[]): Promise<ExitCode> {
  return command.run(parse(command, args));
}

function parse<O extends OptionSpecs>(command: Command<O>, args: readonly string[]): Invocation<O> {
  const { name, options, takesRest } = command;
  const wrong = (details: { expected?: string; got?: string; hint?: string }) =>
    new MillraceError('CLI_USAGE', { where: `millrace ${name}`, hint: `millrace ${name} --help`, ...details });

  // Not strict: Node's own messages would not name what was meant.
  const { tokens } = parseArgs({ args: [...args], options: parserOptions(options), strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string | boolean> = {};
  const operands: string[] = [];
  const rest: string[] = [];
  let behindDashes = false;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') behindDashes = true;
    else if (token.kind === 'positional') (behindDashes ? rest : operands).push(token.value);
    else {
      const option = options[token.name];
      if (option === undefined) {
        const [meant] = similarNames(token.name, Object.keys(options));
        throw wrong({ got: token.rawName, ...(meant === undefined ? {} : { hint: `did you mean --${meant}?` }) });
      }
      values[token.name] = valueOf(option, token, wrong);
    }
  }

  if (operands.length < command.operands.length) {
    throw wrong({
      expected: `millrace ${name} ${command.operands.join(' ')}`,
      got: operands.length === 0 ? 'nothing' : operands.join(' '),
    });
  }
  const tooMany = operands.slice(command.operands.length);
  if (tooMany.length > 0) {
    const hint = takesRest
      ? { hint: `arguments of the program stand behind --: millrace ${name} ${operands[0]} -- ${tooMany.join(' ')}` }
      : {};
    throw wrong({ expected: command.operands.join(' '), got: `also ${tooMany.join(' ')}`, ...hint });
  }
  if (rest.length > 0 && !takesRest) throw wrong({ got: `-- ${rest.join(' ')}` });
  return { operands, options: values as OptionValues<O>, rest };
}

function valueOf(
  { type, value, choices }: OptionSpec,
  token: { rawName: string; value: string | undefined; inlineValue: boolean | undefined },
  wrong: (details: { expected?: string; got?: string }) => MillraceError,
): string | boolean {
  if (type === 'boolean') {
    if (token.value === undefined) return true;
    throw wrong({ expected: `${token.rawName} without a value`, got: `${token.rawName}=${token.value}` });
  }
  if (token.value === undefined || (token.value.startsWith('-') && token.inlineValue !== true)) {
    throw wrong({
      expected: `${token.rawName} <${value}>`,
      got: token.value === undefined ? token.rawName : `${token.rawName} ${token.value}`,
    });
  }
  if (choices !== undefined && !choices.includes(token.value)) {
    throw wrong({ expected: `${token.rawName} ${choices.join('|')}`, got: token.value });
  }
  return token.value;
}

function parserOptions(options: OptionSpecs): Record<string, { type: 'boolean' | 'string'; short?: string }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [name, { type, ...(short === undefined ? {} : { short }) }]),
  );
}

/** The help of one command. */
export function commandHelp({ name, operands, takesRest, options, description, examples }: Command): string {
  const usage = ['millrace', name, ...operands, '[options]', ...(takesRest ? ['[-- arguments]'] : [])].join(' ');
  return `Usage: ${usage}

${description}

Options:
${optionTable({ ...options, help: HELP_OPTION })}

Examples:
${examples.map(example => `  ${example}`).join('\n')}
`;
}

export function optionTable(options: OptionSpecs): string {
  const rows = Object.entries(options).map(([name, { short, value, choices, description }]) => {
    const argument = choices === undefined ? (value === undefined ? '' : ` <${value}>`) : ` <${choices.join('|')}>`;
    return { flag: `${short === undefined ? '    ' : `-${short}, `}--${name}${argument}`, description };
  });
  return columns(rows.map(({ flag, description }) => [flag, description]));
}

/** Rows of a name and a text, side by side. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const indent = ' '.repeat(width + 4);
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text.replaceAll('\n', `\n${indent}`)}`).join('\n');
}

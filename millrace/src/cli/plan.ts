import { describePlan } from '../plan/render-description.ts';
import { renderPlanMermaid } from '../plan/render-mermaid.ts';
import { renderPlanText } from '../plan/render-text.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { loadProgram } from './load-program.ts';
import { sendWarnings } from './warnings.ts';

export const planCommand = defineCommand({
  name: 'plan',
  operands: ['<program>'],
  takesRest: true,
  options: {
    format: { type: 'string', short: 'f', choices: ['text', 'json', 'mermaid'], description: 'default: text' },
    verbose: { type: 'boolean', description: 'errors with their whole stack' },
  },
  description: `Shows what the pipeline of a program would do, without running it: its operators with their ids, how they are
chained and how records get from one to the next, their state and what bounds it.`,
  examples: ['millrace plan flights.ts', 'millrace plan flights.ts --format mermaid > flights.mmd'],
  run: async ({ operands: [file = ''], options: { format = 'text' }, rest }) => {
    sendWarnings(text => process.stderr.write(`${text}\n`));
    const pipeline = await loadProgram(file, rest);
    const plan = describePlan(pipeline.plan());
    process.stdout.write(
      format === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : format === 'mermaid' ? renderPlanMermaid(plan) : renderPlanText(plan),
    );
    return exitCodes.done;
  },
});

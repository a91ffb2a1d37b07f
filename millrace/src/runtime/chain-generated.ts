import { compile } from '../base/codegen.ts';
import { encodeKey } from '../base/key.ts';
import type { ChainSpec, RunChain } from './chain.ts';

/**
 * The chain as the text of one loop. A failing record is reported and the loop goes on behind it: the try stands outside the loop, where it costs
 * nothing per record. Records that a flatMap makes are tried one by one, so that one of them failing does not lose its siblings.
 */
export function generatedChain({ stages, end, failed }: ChainSpec): RunChain {
  const bound: Record<string, unknown> = { failed, encodeKey };
  const before: string[] = [];
  const after: string[] = [];
  let closing = '';
  let body = '';
  let value = 'v';

  for (const [i, stage] of stages.entries()) {
    body += `step = ${i};\n`;
    switch (stage.kind) {
      case 'filter':
        bound[`f${i}`] = stage.keep;
        body += `if (!f${i}(${value})) continue;\n`;
        break;
      case 'map':
        bound[`f${i}`] = stage.apply;
        body += `const v${i} = f${i}(${value});\n`;
        value = `v${i}`;
        break;
      case 'flatMap':
        bound[`f${i}`] = stage.expand;
        // All of them begin with the time of the record, whatever time is assigned to one of them further on.
        body += `const t${i} = t;\nfor (const v${i} of f${i}(${value})) { t = t${i}; try {\n`;
        closing = `} catch (error) { failed(error, batch, i, step); } finally { step = ${i}; } }\n${closing}`;
        value = `v${i}`;
        break;
      case 'eventTime': {
        bound[`w${i}`] = stage.assigner;
        before.push(`w${i}.begin(batch.split);`, `const newest${i} = w${i}.newestAccepted();`);
        if (stage.extract !== undefined) {
          bound[`f${i}`] = stage.extract;
          body += `t = f${i}(${value});\nif (typeof t !== 'number') t = w${i}.toMillis(t);\n`;
        }
        body += `if (!(t <= newest${i} && t >= ${-8.64e15})) { w${i}.refuse(t, ${value}, batch, i); continue; }\n`;
        if (stage.assigner.bounded) {
          before.push(`let max${i} = -Infinity;`);
          body += `if (t > max${i}) max${i} = t;\n`;
          after.push(`w${i}.observed(max${i});`);
        } else {
          body += `w${i}.onEvent(${value}, t);\n`;
          after.push(`w${i}.batchEnded();`);
        }
        break;
      }
    }
  }

  body += `step = ${stages.length};\n`;
  if (end.kind === 'operator') {
    bound.process = end.process;
    bound.cursor = end.cursor;
    before.push('cursor.batch = batch;');
    after.push('cursor.batch = undefined;');
    if (end.selectKey === undefined) body += `cursor.index = i;\nprocess(undefined, ${value}, t);\n`;
    else {
      bound.selectKey = end.selectKey;
      body += `let key = selectKey(${value});
if (typeof key === 'string' ? key.charCodeAt(0) === 0 : !(typeof key === 'number' && key === key)) key = encodeKey(key);
cursor.index = i;
process(key, ${value}, t);
`;
    }
  } else {
    bound.output = end.output;
    before.push('const positions = batch.positions, split = batch.split;');
    body += `output.append(${value}, t, positions[i], split);\n`;
  }

  return compile<RunChain>(
    `return function runChain(batch) {
const values = batch.values, times = batch.times, n = batch.length;
${before.join('\n')}
let i = 0, step = 0;
while (i < n) {
try {
for (; i < n; i++) {
const v = values[i];
let t = times[i];
${body}${closing}}
} catch (error) { failed(error, batch, i, step); i++; }
}
${after.join('\n')}
};`,
    bound,
  );
}

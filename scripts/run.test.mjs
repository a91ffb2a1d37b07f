import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const program = `
  process.on('SIGINT', () => console.log('SIGINT'));
  process.on('SIGTERM', () => process.exit(7));
  console.log(process.version.split('.')[0]);
  setInterval(() => {}, 1000);
`;

test('a signal that comes in several copies reaches the program once, and its exit code is passed on', async () => {
  const wrapper = spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { run } from './run.mjs'; process.exitCode = await run(['-e', ${JSON.stringify(program)}]);`],
    { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const heard = [];
  for await (const line of createInterface({ input: wrapper.stdout })) {
    heard.push(line);
    if (line === 'v24') for (let copies = 0; copies < 3; copies++) wrapper.kill('SIGINT');
    else wrapper.kill('SIGTERM');
  }
  const [code] = wrapper.exitCode === null ? await once(wrapper, 'exit') : [wrapper.exitCode];
  expect({ heard, code }).toEqual({ heard: ['v24', 'SIGINT'], code: 7 });
});

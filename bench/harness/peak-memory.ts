// Preloaded into a process to learn the most memory that it has had resident, in megabytes.

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const path = resolve('peak-memory');
process.on('exit', () => writeFileSync(path, String(process.resourceUsage().maxRSS / 1024)));

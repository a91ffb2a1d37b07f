import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { projects: ['millrace', 'examples', { test: { name: 'scripts', root: 'scripts', include: ['*.test.mjs'] } }] },
});

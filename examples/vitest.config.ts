import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['millrace-source', 'node', 'module', 'development|production'] } },
  test: {
    name: 'examples',
    include: ['**/*.test.ts'],
    testTimeout: 60_000,
  },
});

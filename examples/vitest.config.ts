import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['millrace-source', ...defaultServerConditions] } },
  test: {
    name: 'examples',
    include: ['**/*.test.ts'],
    testTimeout: 60_000,
  },
});

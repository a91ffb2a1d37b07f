import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      'millrace',
      'examples',
      { test: { name: 'scripts', root: 'scripts', include: ['*.test.mjs'] } },
      {
        test: {
          name: 'sim',
          root: 'sim',
          include: ['*.test.ts'],
          testTimeout: 60_000,
          execArgv: ['--disable-warning=ExperimentalWarning'],
        },
      },
    ],
  },
});

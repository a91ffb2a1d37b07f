import { expect, test } from 'vitest';
import { similarNames } from '../../src/base/similar-name.ts';

test.each([
  ['rnu', 'run'],
  ['plna', 'plan'],
  ['runn', 'run'],
  ['ru', 'run'],
  ['RUN', 'run'],
  ['quit', 'quiet'],
])('%s was meant to be %s', (typed, meant) => {
  expect(similarNames(typed, ['plan', 'quiet', 'run'])[0]).toBe(meant);
});

test('names that have little in common are not suggested', () => {
  expect(similarNames('deploy', ['plan', 'quiet', 'run'])).toEqual([]);
});

test('the most similar name comes first', () => {
  expect(similarNames('flights2.ts', ['flights.ts', 'flight.ts', 'flights3.ts', 'words.ts'])).toEqual([
    'flights.ts',
    'flights3.ts',
    'flight.ts',
  ]);
});

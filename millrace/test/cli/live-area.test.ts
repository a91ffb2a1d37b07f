import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LiveArea, type TerminalStream } from '../../src/cli/live-area.ts';
import { Screen } from './screen.ts';

/** A stream that leads to a screen. */
function streamTo(screen: Screen, columns: number): TerminalStream {
  return {
    columns,
    write(text: string | Uint8Array) {
      screen.write(typeof text === 'string' ? text : new TextDecoder().decode(text));
      return true;
    },
  };
}

function areaOn(screen: Screen, columns = 80): { area: LiveArea; stderr: TerminalStream; stdout: TerminalStream } {
  const stderr = streamTo(screen, columns);
  const stdout = streamTo(screen, columns);
  return { area: new LiveArea(stderr, [stdout]), stderr, stdout };
}

describe('a live area', () => {
  test('is drawn in place', () => {
    const screen = new Screen();
    const { area } = areaOn(screen);
    area.draw(['one', 'two']);
    area.draw(['three']);
    expect(screen.text).toBe('three\n');
  });

  test('makes room for what others write', () => {
    const screen = new Screen();
    const { area, stdout } = areaOn(screen);
    area.draw(['progress']);
    stdout.write('result\n');
    expect(screen.text).toBe('result\n');
    area.draw(['progress']);
    expect(screen.text).toBe('result\nprogress\n');
  });

  test('waits for the end of a line that somebody has begun', () => {
    const screen = new Screen();
    const { area, stdout } = areaOn(screen);
    stdout.write('half ');
    area.draw(['progress']);
    expect(screen.text).toBe('half ');
    stdout.write(new TextEncoder().encode('a line\n'));
    area.draw(['progress']);
    expect(screen.text).toBe('half a line\nprogress\n');
  });

  test('cuts lines to the terminal, so that none takes two', () => {
    const screen = new Screen();
    const { area } = areaOn(screen, 10);
    area.draw(['0123456789']);
    expect(screen.text).toBe('012345678\n');
  });

  test('leaves nothing behind when it is closed', () => {
    const screen = new Screen();
    const { area, stderr, stdout } = areaOn(screen);
    area.draw(['progress']);
    area.close();
    stderr.write('summary\n');
    stdout.write('result\n');
    expect(screen.text).toBe('summary\nresult\n');
  });

  test('never changes what others have written', () => {
    const write = fc.record({ to: fc.constantFrom('stdout', 'stderr'), text: fc.stringMatching(/^[a-z\n]{0,6}$/) });
    const draw = fc.record({ to: fc.constant('area'), text: fc.stringMatching(/^[A-Z\n]{1,12}$/) });
    fc.assert(
      fc.property(fc.array(fc.oneof(write, draw)), steps => {
        const screen = new Screen();
        const { area, ...streams } = areaOn(screen);
        let written = '';
        for (const { to, text } of steps) {
          if (to === 'area') area.draw(text.split('\n'));
          else {
            streams[to === 'stdout' ? 'stdout' : 'stderr'].write(text);
            written += text;
          }
          expect(screen.text.startsWith(written)).toBe(true);
        }
        area.close();
        expect(screen.text).toBe(written);
      }),
    );
  });
});

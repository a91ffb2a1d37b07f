export { generator, type GeneratorOptions } from './generator.ts';

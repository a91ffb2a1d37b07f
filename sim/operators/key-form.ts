import type { Dice } from '../world/dice.ts';

/** Kinds of keys, all made of the one text that records have. */
export const KEY_FORMS = ['text', 'marked', 'tuple', 'object', 'bigint'] as const;

export type KeyForm = (typeof KEY_FORMS)[number];

type AnyKey = string | bigint | readonly [string, number] | { readonly k: string };

export function drawKeyForm(dice: Dice): KeyForm {
  return dice.chance(0.7) ? 'text' : dice.pick(KEY_FORMS);
}

export function toKey(form: KeyForm, k: string): AnyKey {
  switch (form) {
    case 'text':
      return k;
    case 'marked':
      // Text that begins as composite keys do in state.
      return `\u0000${k}`;
    case 'tuple':
      return [k, k.length];
    case 'object':
      return { k };
    case 'bigint':
      return BigInt(`0x${Buffer.from(k).toString('hex')}`);
  }
}

export function fromKey(key: AnyKey): string {
  if (typeof key === 'string') return key.replace('\u0000', '');
  if (typeof key === 'bigint') return Buffer.from(key.toString(16), 'hex').toString();
  return 'k' in key ? key.k : key[0];
}

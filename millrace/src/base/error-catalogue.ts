/**
 * Every error code with its meaning and what to do. Codes are stable: they are never renamed or reused.
 * `docs/errors.md` lists them, and a test compares the two in both directions.
 */
export const errorCatalogue = {
  DURATION_INVALID: {
    summary: 'a duration could not be read',
    advice: "give milliseconds as a number, or text such as '5s'",
  },
} as const satisfies Record<string, { summary: string; advice: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

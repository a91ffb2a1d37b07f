/** How the command ended. The numbers are part of its contract. */
export const exitCodes = {
  /** Finished, also after draining. */
  done: 0,
  /** The pipeline failed. */
  failed: 1,
  /** Wrong usage, or the program cannot be loaded. */
  usage: 2,
  /** Ended at once by a second Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
  /** Ended at once by a second SIGTERM: 128 + SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How often each of two processes rotates the keys that they share: `STELE_ROTATIONS`, or what a test run has time for. */
export const rotations = Number(process.env.STELE_ROTATIONS ?? 100);

/** Addresses that stand in memory: 64-bit words, of which a build for 32-bit addresses reads the lower half. */

/** Bytes of such a word. */
export const addressBytes: usize = 8;

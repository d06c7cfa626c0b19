/** Sizes of pictures. */

/** A picture is drawn for screens of both kinds, and the style shows one of them: text that is scaled is not readable. */
export type Size = 'wide' | 'narrow';

/** Widths of pictures that take a row of their own, half of one, and all of a phone's screen. */
export const sizes = { whole: 1000, half: 560, narrow: 320 } as const;

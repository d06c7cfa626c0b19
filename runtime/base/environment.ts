/**
 * What the code runs in, Node or a browser: asked at run time, so that one build serves both. Modules of Node come from
 * its process and are never imported, so that bundlers for browsers find none.
 */

const environment: { readonly process?: Partial<NodeJS.Process> } = globalThis;

/** Node's process; undefined in a browser, even where a bundler puts a `process` of its own there. */
export const node = environment.process?.versions?.node === undefined ? undefined : process;

/**
 * Throws, when it is imported, in a Node that is too old: the first import of every entry of the package, so that its users
 * hear of it before anything is missing. Imports nothing; in a browser it does nothing.
 *
 * SEAL's exceptions are WebAssembly's by reference (`exnref`), which V8 has from 13.7 on, and the releases 22 and 24 of Node
 * since they have taken it over.
 */

/** As `engines` of package.json: by major version the oldest minor one. */
const oldest: Readonly<Record<number, number>> = { 22: 19, 24: 15 };
const newest = 24;

const environment: { readonly process?: { readonly versions?: { readonly node?: string } } } = globalThis;
const found = environment.process?.versions?.node;

if (found !== undefined) {
  const [major = 0, minor = 0] = found.split('.').map(Number);
  if (major <= newest && minor < (oldest[major] ?? Infinity))
    throw new Error(`hepc needs Node 22.19 or newer, not 23, or 24.15 or newer, and this is Node ${found}`);
}

/**
 * Gives back the memory of bytes that nobody looks at any more, where they are all of it. The garbage collector would do so
 * late, and V8 collects the whole heap again for each 8 MB of memory like this that has come since.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.length === 0 || bytes.length !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  // Browsers of before 2024 leave it to the collector.
  if ('transfer' in buffer) buffer.transfer(0);
}

/** Kernels as machines would run them that compute wrongly. */
import { readFile } from 'node:fs/promises';

/** Opcodes of relaxed multiply-adds of doubles, the last of three bytes but one: 0xfd, this, 0x02. */
const opcodes = { madd: 0x87, nmadd: 0x88 } as const;

/** The kernels with every f64x2.relaxed_madd made a relaxed_nmadd, or the other way round. */
export async function wrongKernels(replaced: keyof typeof opcodes): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(await readFile(new URL('../../runtime/rns/kernels/kernels.wasm', import.meta.url)));
  const [from, to] = replaced === 'madd' ? [opcodes.madd, opcodes.nmadd] : [opcodes.nmadd, opcodes.madd];
  for (let i = 0; i + 2 < bytes.length; i++)
    if (bytes[i] === 0xfd && bytes[i + 1] === from && bytes[i + 2] === 0x02) bytes[i + 1] = to;
  return WebAssembly.compile(bytes);
}

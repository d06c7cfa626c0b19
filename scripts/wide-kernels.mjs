/**
 * A transform of AssemblyScript's compiler (its option `--transform`) that makes of the same sources the kernels for
 * memories beyond 4 GiB. The compiler knows the target, with a `usize` of 64 bits, but has no option for it, and makes
 * every memory one of 32-bit addresses: the target is set before anything is parsed, and the memory replaced once all is
 * compiled.
 *
 * An exported function that takes 64-bit integers would have to be called with BigInts. Each gets a wrapper that takes
 * doubles in their place, which are exact for all addresses, so that both builds are called alike; it traps on what is no
 * address.
 */
/** AssemblyScript's `Target.Wasm64`. */
const wasm64 = 2;

/** 16 GiB, the largest memory that V8 makes. */
const maxPages = 262144;

/** Of the memory, within the module. */
const memoryName = '0';

/**
 * What the compiler gives transforms, by their prototype, before it makes one.
 * @typedef {object} Given
 * @property {{ options: { target: number, readonly sizeTypeRef: number }, module: { sizeType: number } }} program
 * @property {typeof import('binaryen').default} binaryen
 */

export default class WideKernels {
  constructor() {
    const { options, module } = given(this).program;
    options.target = wasm64;
    module.sizeType = options.sizeTypeRef;
  }

  /**
   * @param {import('binaryen').default.Module} module
   */
  afterCompile(module) {
    const { Features, getExportInfo } = given(this).binaryen;
    module.setFeatures(module.getFeatures() | Features.Memory64);
    module.setMemory(1, maxPages, null, [], true, true, memoryName);
    module.addMemoryImport(memoryName, 'env', 'memory', true);
    const exported = Array.from({ length: module.getNumExports() }, (_, k) =>
      getExportInfo(module.getExportByIndex(k)),
    );
    for (const { name, value } of exported) if (module.getFunction(value) !== 0) this.wrap(module, name, value);
  }

  /**
   * @param {import('binaryen').default.Module} module
   * @param {string} name of the export
   * @param {string} inner the function
   */
  wrap(module, name, inner) {
    const { createType, expandType, f64, getFunctionInfo, i64 } = given(this).binaryen;
    const { params, results } = getFunctionInfo(module.getFunction(inner));
    const types = expandType(params);
    if (results === i64) throw new Error(`${name} gives a 64-bit integer`);
    if (!types.includes(i64)) return;
    const taken = types.map((type) => (type === i64 ? f64 : type));
    const operands = taken.map((type, k) => {
      const operand = module.local.get(k, type);
      return types[k] === i64 ? module.i64.trunc_u.f64(operand) : operand;
    });
    const outer = `${name} of numbers`;
    module.addFunction(outer, createType(taken), results, [], module.call(inner, operands, results));
    module.removeExport(name);
    module.addFunctionExport(outer, name);
  }
}

/**
 * @param {object} transform
 * @returns {Given}
 */
function given(transform) {
  return /** @type {Given} */ (transform);
}

/** The bytes of a model, and where its external data are. */
import type { ReadExternal } from './proto/external-data.ts';

export interface OnnxSource {
  readonly bytes: Uint8Array;
  /** As the user wrote it, for diagnostics. */
  readonly fileName: string;
  /** Opens a file of external data; the path is relative, without `..`, to the folder of the model. */
  readonly readExternal: ReadExternal;
}

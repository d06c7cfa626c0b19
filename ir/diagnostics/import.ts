/** Diagnostics H1xx: the ONNX importer. */
import { defineDiagnostic } from './diagnostic.ts';

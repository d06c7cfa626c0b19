/**
 * `hepc/server`: what a server needs, and nothing of compiler and onnxruntime; for browsers too, where threads need a page
 * that is cross-origin isolated. Importing has no side effects.
 */
import './base/supported-node.ts';
export { formatDiagnostic, HepcError, InternalError } from '../ir/diagnostics/diagnostic.ts';
export type { Diagnostic, NodeRef, Place, Severity } from '../ir/diagnostics/diagnostic.ts';
export type { Plan } from '../ir/plan/plan.ts';
export type { EvaluateOptions, EvaluationTimings, OpenSessionOptions, PlanUsage } from './base/engine.ts';
export type { RandomAccess } from './format/random-access.ts';
export type { Append } from './format/zip-writer.ts';
export { openHep as openPlan, readHep as readPlan } from './hep/read.ts';
export { Server } from './server.ts';
export type { KeySource, ServerOptions } from './server.ts';
export type {
  EvaluatedFile,
  EvaluatedStream,
  EvaluateFileOptions,
  EvaluateStreamOptions,
  EvaluationStep,
  PausedEvaluation,
  ServerSession,
} from './server-session.ts';

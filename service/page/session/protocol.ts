/** Messages between the page and the worker in which it asks its models. */
import type { RemoteStep } from '../../../runtime/remote/remote-model.ts';
import type { DemoData, DemoModelName } from '../../site/demo-data.ts';

/** Milliseconds by step; `server` is the part of `evaluate` that the server has computed. */
export type Times = Readonly<Partial<Record<RemoteStep | 'server', number>>>;

export interface Asked {
  /** Of the output that is shown, as it was decrypted and as the model gives it in the clear. */
  readonly decrypted: Float64Array;
  readonly clear: Float64Array;
  readonly times: Times;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Some of what was sent, as shades from 0 to 1. */
  readonly shades: Float64Array;
}

export interface ModelStatus {
  readonly step: RemoteStep | 'ready' | 'failed';
  /** Of the step, 0 to 1. */
  readonly fraction: number;
  /** Of what failed. */
  readonly problem?: string;
}

export type ToSession =
  /** Makes and uploads keys, unless that was done. */
  | { readonly kind: 'open'; readonly name: DemoModelName }
  /** A question in place of those before it about the same model, which are not answered. */
  | { readonly kind: 'ask'; readonly name: DemoModelName; readonly number: number; readonly values: Float64Array };

export type FromSession =
  | { readonly kind: 'data'; readonly data: DemoData }
  /** Nothing works. */
  | { readonly kind: 'broken'; readonly problem: string }
  | { readonly kind: 'status'; readonly name: DemoModelName; readonly status: ModelStatus }
  | { readonly kind: 'answer'; readonly number: number; readonly asked: Asked }
  | { readonly kind: 'refusal'; readonly number: number; readonly problem: string };

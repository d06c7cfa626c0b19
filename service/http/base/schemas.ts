/** Schemas that several routes have. */
import type { FastifyInstance, FastifyBaseLogger, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { problemSchema, problemType } from '../../../runtime/protocol/problem.ts';

export type ZodApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Of every route: what is refused, and why. */
export const problems = {
  default: { description: 'A problem (RFC 9457)', content: { [problemType]: { schema: problemSchema } } },
} as const;

/** A body of bytes. */
export function bytesOf(mediaType: string, description: string) {
  return { description, content: { [mediaType]: { schema: z.any().meta({ type: 'string', format: 'binary' }) } } };
}

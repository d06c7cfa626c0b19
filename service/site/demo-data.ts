/** What the demo serves beside its models: digits, patients, and of what layers the models are, for answers in the clear. */
import { z } from 'zod';

const layerSchema = z.object({ inputs: z.int(), outputs: z.int(), squares: z.boolean() });

const modelSchema = z.object({
  id: z.string(),
  input: z.string(),
  /** What the layers give. */
  network: z.string(),
  /** The numbers of an answer that are shown. */
  output: z.string(),
  /** Weights in rows, then the bias, layer after layer: 32-bit floats at `demo/ID.weights`. */
  layers: z.array(layerSchema).min(1),
});

export const demoDataSchema = z.object({
  digits: z.array(z.object({ label: z.int(), pixels: z.array(z.int().min(0).max(255)).length(784) })),
  features: z.array(z.string()),
  patients: z.array(z.object({ isBenign: z.boolean(), values: z.array(z.number()) })),
  models: z.object({ digit: modelSchema, denoise: modelSchema, patient: modelSchema }),
});

/** As `demo/demo.json` has it. */
export type DemoData = z.infer<typeof demoDataSchema>;
export type DemoModelData = z.infer<typeof modelSchema>;
export type DemoModelName = keyof DemoData['models'];

/** Networks that differ in one thing each: what follows the first layer, how many layers there are, how wide they are. */
import { Network } from '../network-builder.ts';

export interface PricedNetwork {
  /** What differs from the others of its table. */
  readonly what: string;
  /** Of the ONNX file. */
  readonly bytes: () => Uint8Array;
}

export interface PriceTable {
  readonly title: string;
  readonly text: string;
  /** Of the first column. */
  readonly heading: string;
  readonly networks: readonly PricedNetwork[];
}

/** Of one sample: those of the examples. */
export const inputShape: readonly number[] = [1, 28, 28];

/** The first that has all activations below. */
const opset = 24;

const activations: readonly (readonly [string, (net: Network) => void])[] = [
  ['none', () => undefined],
  ['x² (`Mul`)', (net) => net.square()],
  ['0.1 x² + x', (net) => net.quadratic()],
  ...['Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Gelu', 'Swish', 'HardSwish', 'Softplus'].map(
    (op) => [`\`${op}\``, (net: Network) => net.activation(op)] as const,
  ),
];

export const priceTables: readonly PriceTable[] = [
  {
    title: 'By activation',
    text: 'One hidden layer: dense 784 → 64, the activation, dense 64 → 10.',
    heading: 'activation',
    networks: activations.map(([what, activate]) =>
      network(what, (net) => {
        net.dense(64);
        activate(net);
        net.dense(10);
      }),
    ),
  },
  {
    title: 'By depth',
    text: 'Hidden layers of 64 neurons, each with its activation, before dense 64 → 10.',
    heading: 'hidden layers',
    networks: [
      ...[1, 2, 3, 4, 6, 8].map((layers) => deep(`${layers}, x²`, layers, (net) => net.square())),
      ...[1, 2].map((layers) => deep(`${layers}, \`Relu\``, layers, (net) => net.activation('Relu'))),
    ],
  },
  {
    title: 'By width',
    text: 'One hidden layer with x², of as many neurons as the table says.',
    heading: 'neurons',
    networks: [32, 64, 128, 256, 512, 1024, 2048].map((width) =>
      network(String(width), (net) => {
        net.dense(width);
        net.square();
        net.dense(10);
      }),
    ),
  },
  {
    title: 'By channels of a convolution',
    text: 'A convolution 5 × 5 of stride 2 on 28 × 28, x², dense to 10.',
    heading: 'channels',
    networks: [4, 8, 16, 32].map((channels) =>
      network(String(channels), (net) => {
        net.conv(channels, { kernel: 5, stride: 2 });
        net.square();
        net.dense(10);
      }),
    ),
  },
];

function deep(what: string, layers: number, activate: (net: Network) => void): PricedNetwork {
  return network(what, (net) => {
    for (let layer = 0; layer < layers; layer++) {
      net.dense(64);
      activate(net);
    }
    net.dense(10);
  });
}

function network(what: string, layers: (net: Network) => void): PricedNetwork {
  const bytes = (): Uint8Array => {
    const net = new Network(what, inputShape, opset);
    layers(net);
    return net.finish();
  };
  return { what, bytes };
}

/**
 * Networks that are large in one way each, with seeded weights and samples: what compiling takes depends on sizes and
 * geometry, not on what was learnt.
 */
import { Network } from '../network-builder.ts';

export interface CompileNetwork {
  readonly name: string;
  readonly what: string;
  /** By issue 14: what it took when that was filed, on another machine, and what it is to take. */
  readonly asked: { readonly before: string; readonly wanted: string };
  /** Of one sample, under the name `x`. */
  readonly inputShape: readonly number[];
  /** Of the ONNX file. */
  readonly bytes: () => Uint8Array;
}

type Layers = (x: Network) => void;

export const compileNetworks: readonly CompileNetwork[] = [
  network(
    'mlp-4096-4096-10',
    'dense 4096 → 4096 → 10, a square',
    { before: '73 s, 2.6 GB', wanted: '12 s, 800 MB' },
    [4096],
    (net) => {
      net.dense(4096);
      net.square();
      net.dense(10);
    },
  ),
  network(
    'lenet-28',
    'LeNet-5 with squares and average pools on 1×28×28',
    { before: '17 s', wanted: '4 s' },
    [1, 28, 28],
    lenet,
  ),
  network(
    'resnet8-32',
    'ResNet-8 of width 16 with 0.1 x² + x on 3×32×32',
    { before: 'unfinished after 24 s', wanted: '30 s' },
    [3, 32, 32],
    resnet8,
  ),
  network(
    'mobilenet-32',
    'a stem and three separable blocks with 0.1 x² + x on 3×32×32',
    { before: 'refused at 9 GiB', wanted: '3.5 GiB' },
    [3, 32, 32],
    mobilenet,
  ),
  network('lenet-224', 'LeNet-5 as above on 3×224×224', { before: 'H310', wanted: 'a plan' }, [3, 224, 224], lenet),
  network(
    'conv7-224',
    'a 7×7 convolution of stride 2 from 3×224×224 to 64 channels',
    { before: 'H310', wanted: 'a plan' },
    [3, 224, 224],
    (net) => {
      net.conv(64, { kernel: 7, stride: 2 });
    },
  ),
];

/** What the table does not say. */
export const notes: readonly string[] = [
  'Of lenet-28 (6.3 s when measured by stages) 1.3 s go to the layout search at two rings, 2.1 s to lowering and pricing six programs, 1.9 s to accepting one of four (19 predictions of an error: 1.4 s), and 1 s to the start of Node and to reading, simplifying and writing. It takes 3.5 s in a process that has compiled other networks before, where code is compiled already.',
  'The plan of mobilenet-32 takes 0.9 GiB of the memory of the engine (`peakBytes`). The plan of conv7-224 has 1.8 GiB of weights.',
];

/** LeNet-5 with average pools and squares. */
function lenet(net: Network): void {
  net.conv(6, { kernel: 5 });
  net.square();
  net.averagePool();
  net.conv(16, { kernel: 5, pad: 0 });
  net.square();
  net.averagePool();
  for (const size of [120, 84]) {
    net.dense(size);
    net.square();
  }
  net.dense(10);
}

/** Three blocks of two convolutions with a shortcut, of 16, 32 and 64 channels; 0.1 x² + x after each. */
function resnet8(net: Network): void {
  net.conv(16, { kernel: 3 });
  net.quadratic();
  for (const [channels, stride] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ] as const) {
    const start = net.value;
    net.conv(channels, { kernel: 3, stride });
    net.quadratic();
    net.conv(channels, { kernel: 3 });
    const end = net.value;
    net.goOn(start);
    if (stride > 1) net.conv(channels, { kernel: 1, stride });
    net.addTo(end);
    net.quadratic();
  }
  net.globalPool();
  net.dense(10);
}

/** A stem and three separable blocks: depthwise and pointwise convolutions, a square after each. */
function mobilenet(net: Network): void {
  net.conv(16, { kernel: 3, stride: 2 });
  net.quadratic();
  for (const [channels, stride] of [
    [32, 1],
    [64, 2],
    [96, 1],
  ] as const) {
    net.depthwise({ kernel: 3, stride });
    net.quadratic();
    net.conv(channels, { kernel: 1 });
    net.quadratic();
  }
  net.globalPool();
  net.dense(10);
}

function network(
  name: string,
  what: string,
  asked: CompileNetwork['asked'],
  inputShape: readonly number[],
  layers: Layers,
): CompileNetwork {
  const bytes = (): Uint8Array => {
    const net = new Network(name, inputShape);
    layers(net);
    return net.finish();
  };
  return { name, what, asked, inputShape, bytes };
}

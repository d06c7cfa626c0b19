import { describe } from 'vitest';
import { testNetwork } from '../support/trained-network-suite.ts';
import { trainedNetworks } from '../support/trained-networks.ts';

const quick = trainedNetworks.filter((network) => network.quick);

describe.each(quick)('$name for simd', (network) => {
  testNetwork(network, 'simd', { simulated: 16, encrypted: 1 });
});

describe.each(quick)('$name for seal-wasm', (network) => {
  testNetwork(network, 'seal-wasm', { simulated: 16, encrypted: 0 });
});

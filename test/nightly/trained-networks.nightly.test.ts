import { describe } from 'vitest';
import { testNetwork } from '../support/trained-network-suite.ts';
import { trainedNetworks } from '../support/trained-networks.ts';

describe.each(trainedNetworks)('$name', (network) => {
  testNetwork(network, 'simd', { simulated: 128, encrypted: network.quick ? 100 : 20, readBack: true });
});

describe.each(trainedNetworks.filter(({ quick }) => quick))('$name for seal-wasm', (network) => {
  testNetwork(network, 'seal-wasm', { simulated: 16, encrypted: 0 });
});

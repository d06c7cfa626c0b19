/** The small ones of the trained networks, one on each engine in the normal suite, in the clear. */
import { describe } from 'vitest';
import { isNightly } from '../support/setup/suite.ts';
import { testNetwork } from '../support/trained-network-suite.ts';
import { trainedNetworks } from '../support/trained-networks.ts';

const quick = trainedNetworks.filter((network) => network.quick);

describe.each(isNightly ? quick : quick.slice(0, 1))('$name for simd', (network) => {
  testNetwork(network, 'simd', { simulated: 16, encrypted: isNightly ? 1 : 0 });
});

describe.each(isNightly ? quick : quick.slice(1))('$name for seal-wasm', (network) => {
  testNetwork(network, 'seal-wasm', { simulated: 16, encrypted: 0 });
});

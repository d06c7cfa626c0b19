/** The small ones of the trained networks; in the normal suite one of them, in the clear. */
import { describe } from 'vitest';
import { isNightly } from '../support/setup/suite.ts';
import { testNetwork } from '../support/trained-network-suite.ts';
import { trainedNetworks } from '../support/trained-networks.ts';

const quick = trainedNetworks.filter((network) => network.quick);

describe.each(isNightly ? quick : quick.filter(({ name }) => name === 'ecg-1d'))('$name for simd', (network) => {
  testNetwork(network, 'simd', { simulated: 16, encrypted: isNightly ? 1 : 0 });
});

if (isNightly)
  describe.each(quick)('$name for seal-wasm', (network) => {
    testNetwork(network, 'seal-wasm', { simulated: 16, encrypted: 0 });
  });

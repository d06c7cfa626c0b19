import { describe } from 'vitest';
import { testNetwork } from '../support/trained-network-suite.ts';
import { trainedNetworks } from '../support/trained-networks.ts';

describe.each(trainedNetworks.filter(({ quick }) => quick))('$name', (network) => {
  testNetwork(network, { simulated: 16, encrypted: network.name === 'conv-autoencoder' ? 1 : 0 });
});

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Client, readClientPart } from '../../../runtime/client-library.ts';
import { type Instance, placesOf, plansOf } from '../instance.ts';

/** Makes the client's keys: the secret one for itself, the others for the server. */
export async function generateKeys(instance: Instance): Promise<void> {
  const places = placesOf(instance);
  const plan = plansOf(instance).client;
  const client = await Client.create(readClientPart(readFileSync(plan), plan));
  try {
    const { secretKey, publicKey, evaluationKeys } = client.generateKeys();
    mkdirSync(places.publicKeys, { recursive: true });
    writeFileSync(places.publicKey, publicKey);
    writeFileSync(places.evaluationKeys, evaluationKeys);
    mkdirSync(places.secretKeys, { recursive: true, mode: 0o700 });
    writeFileSync(places.secretKey, secretKey, { mode: 0o600 });
    // The mode is that of new files alone.
    chmodSync(places.secretKey, 0o600);
  } finally {
    client.close();
  }
}

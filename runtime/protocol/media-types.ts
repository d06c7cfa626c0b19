/** The kinds of bodies that a service takes and gives. */
export const mediaTypes = {
  clientPart: 'application/vnd.hepc.client-part',
  ciphertexts: 'application/vnd.hepc.ciphertexts',
  evaluationKeys: 'application/vnd.hepc.evaluation-keys',
} as const;

/** The request's header with the digest of the evaluation keys. */
export const keysHeader = 'hepc-keys';

/** The answer's header where it is a request to the client: the round trip. */
export const asksHeader = 'hepc-asks';

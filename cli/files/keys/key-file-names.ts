/** The files in a folder of keys. */
export const keyFileNames = { secretKey: 'secret.key', publicKey: 'public.key', evaluationKeys: 'eval.keys' } as const;

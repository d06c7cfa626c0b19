/** What pruning leaves in the metadata of an ONNX model: `metadata_props` by their keys. */

/** The orders of the model's axes, as JSON. */
export const ordersMetadataKey = 'hepc.orders';

/** How the model was pruned, for people. */
export const policyMetadataKey = 'hepc.policy';

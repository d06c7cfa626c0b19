/** Of polynomials that stand for activations: eight levels. Beyond it compositions take fewer products. */
export const highestDegree = 255;

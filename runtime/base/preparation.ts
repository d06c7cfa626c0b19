/** Resources that are taken one after another, for a whole that exists only once all of them are there. */

type Undo = () => void | Promise<void>;

/**
 * What `prepare` gives. Where it rejects, what it has passed to `undo` until then is called, the last first, before the
 * rejection is passed on.
 */
export async function preparation<T>(prepare: (undo: (step: Undo) => void) => Promise<T>): Promise<T> {
  const steps: Undo[] = [];
  try {
    return await prepare((step) => {
      steps.push(step);
    });
  } catch (error) {
    for (const step of steps.reverse()) await step();
    throw error;
  }
}

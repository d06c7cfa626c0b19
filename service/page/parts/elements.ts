/** Elements of the page. */

/** Throws where `index.html` has no such element. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${type.name} with id ${id}`);
}

export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: { readonly className?: string; readonly text?: string } = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (properties.className !== undefined) element.className = properties.className;
  if (properties.text !== undefined) element.textContent = properties.text;
  element.append(...children);
  return element;
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('this browser draws nothing');
  return context;
}

/** Paints values from 0 (ink of the page's dark) to 1 (white), in rows, one a pixel of `canvas`. */
export function paint(canvas: HTMLCanvasElement, values: ArrayLike<number>, width: number): void {
  canvas.width = width;
  canvas.height = Math.ceil(values.length / width);
  const image = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < values.length; i++) {
    image.data.fill(Math.round(255 * Math.min(1, Math.max(0, values[i] ?? 0))), 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  contextOf(canvas).putImageData(image, 0, 0);
}

/** What calls `act` some time after it was last called. */
export function debounced(milliseconds: number, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}

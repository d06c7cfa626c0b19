/** A field to draw in: with mouse, touch or pen, and with a pen that the keyboard moves. */
import { contextOf } from './elements.ts';
import { type Ink, mnistImage, side } from './mnist-image.ts';

/** Pixels of the field, whatever its size on the screen. */
const size = 280;
const penWidth = 22;
const keyStep = 7;

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-keyStep, 0],
  ArrowRight: [keyStep, 0],
  ArrowUp: [0, -keyStep],
  ArrowDown: [0, keyStep],
};

export interface DrawingEvents {
  /** A stroke has begun or goes on. */
  readonly onInk: () => void;
  /** A stroke has ended, or the drawing was replaced. */
  readonly onChange: () => void;
  /** For who does not see it. */
  readonly announce: (text: string) => void;
}

export class Drawing {
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly pen: HTMLElement;
  private readonly events: DrawingEvents;
  private from: readonly [number, number] | undefined;
  private keyPen: readonly [number, number] = [size / 2, size / 4];
  private isPenDown = false;
  /** What was put here as a whole, until something is drawn over it. */
  private given: Float64Array | undefined;

  constructor(canvas: HTMLCanvasElement, pen: HTMLElement, events: DrawingEvents) {
    this.canvas = canvas;
    this.pen = pen;
    this.events = events;
    canvas.width = canvas.height = size;
    this.context = contextOf(canvas);
    this.context.lineWidth = penWidth;
    this.context.lineCap = this.context.lineJoin = 'round';
    this.context.strokeStyle = 'white';
    canvas.addEventListener('pointerdown', (event) => {
      this.begin(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      this.move(event);
    });
    for (const end of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(end, () => {
        this.end();
      });
    canvas.addEventListener('keydown', (event) => {
      canvas.classList.remove('pointed');
      this.key(event);
    });
    canvas.addEventListener('blur', () => {
      this.isPenDown = false;
      this.showPen();
    });
    this.showPen();
  }

  /** As the model takes it; undefined where nothing is drawn. */
  image(): Float64Array | undefined {
    return this.given ?? mnistImage(this.ink());
  }

  clear(): void {
    this.context.clearRect(0, 0, size, size);
    this.given = undefined;
    this.isPenDown = false;
    this.showPen();
    this.events.onChange();
  }

  /** Puts an image of 28 × 28 there. */
  show(image: Float64Array): void {
    const pixels = new ImageData(side, side);
    image.forEach((value, i) => {
      pixels.data.fill(255, 4 * i, 4 * i + 3);
      pixels.data[4 * i + 3] = Math.round(255 * value);
    });
    const small = new OffscreenCanvas(side, side);
    small.getContext('2d')?.putImageData(pixels, 0, 0);
    this.context.clearRect(0, 0, size, size);
    this.context.drawImage(small, 0, 0, size, size);
    this.given = image;
    this.events.onChange();
  }

  private ink(): Ink {
    const { data } = this.context.getImageData(0, 0, size, size);
    const values = new Float64Array(size * size);
    for (let i = 0; i < values.length; i++) values[i] = (data[4 * i + 3] ?? 0) / 255;
    return { size, values };
  }

  private begin(event: PointerEvent): void {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    // The pen of the keyboard is not shown to who draws with another.
    this.canvas.classList.add('pointed');
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.from = this.place(event);
    this.line(this.from, this.from);
  }

  private move(event: PointerEvent): void {
    if (this.from === undefined || !event.isPrimary) return;
    const all = event.getCoalescedEvents();
    for (const each of all.length > 0 ? all : [event]) {
      const to = this.place(each);
      this.line(this.from, to);
      this.from = to;
    }
  }

  private end(): void {
    if (this.from === undefined) return;
    this.from = undefined;
    this.events.onChange();
  }

  private key(event: KeyboardEvent): void {
    const move = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move !== undefined) {
      const [x, y] = this.keyPen;
      const to = [within(x + move[0]), within(y + move[1])] as const;
      if (this.isPenDown) this.line(this.keyPen, to);
      this.keyPen = to;
      if (this.isPenDown) this.events.onChange();
    } else if (event.key === ' ') {
      this.isPenDown = !this.isPenDown;
      if (this.isPenDown) this.line(this.keyPen, this.keyPen);
      this.events.announce(this.isPenDown ? 'Pen down' : 'Pen up');
      if (!this.isPenDown) this.events.onChange();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      this.clear();
      this.events.announce('Cleared');
    } else return;
    event.preventDefault();
    this.showPen();
  }

  private line([x, y]: readonly [number, number], [toX, toY]: readonly [number, number]): void {
    this.given = undefined;
    const { context } = this;
    context.beginPath();
    context.moveTo(x, y);
    // A line of no length is not drawn by all browsers.
    context.lineTo(toX + 0.01, toY);
    context.stroke();
    this.events.onInk();
  }

  private place({ clientX, clientY }: PointerEvent): readonly [number, number] {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [((clientX - left) * size) / width, ((clientY - top) * size) / height];
  }

  private showPen(): void {
    const [x, y] = this.keyPen;
    this.pen.style.left = `${(100 * x) / size}%`;
    this.pen.style.top = `${(100 * y) / size}%`;
    this.pen.classList.toggle('down', this.isPenDown);
  }
}

function within(place: number): number {
  return Math.min(size - penWidth, Math.max(penWidth, place));
}

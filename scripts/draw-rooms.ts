/**
 * The picture of ARCHITECTURE.md: houses and rooms of `rooms.mjs`, what imports above what it imports. Arrows that
 * follow from others are left out, and those within a house from its base rooms.
 */
import { type House, houses } from './rooms.mjs';

const lineHeight = 16;
const boxHeight = 22;
const gap = 12;
const margin = 16;
const titleHeight = 54;
const charWidth = 6.1;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Graph {
  readonly names: readonly string[];
  readonly imports: (name: string) => readonly string[];
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Of each name how many imports in a row lead down from it, at most. */
function depths({ names, imports }: Graph): Map<string, number> {
  const depth = new Map<string, number>();
  // A room stands behind all that it imports.
  for (const name of names) depth.set(name, Math.max(-1, ...imports(name).map((other) => depth.get(other) ?? 0)) + 1);
  return depth;
}

/** As high as possible: right below the lowest that imports it. */
function floorsOf(graph: Graph): Map<string, number> {
  const depth = depths(graph);
  const floor = new Map<string, number>();
  for (const name of graph.names.toReversed()) {
    const importers = graph.names.filter((other) => graph.imports(other).includes(name));
    const above = importers.map((other) => floor.get(other) ?? 0);
    floor.set(name, above.length === 0 ? (depth.get(name) ?? 0) : Math.min(...above) - 1);
  }
  return floor;
}

/** The imports that no other import implies. */
function essential({ names, imports }: Graph): Map<string, readonly string[]> {
  const reachable = new Map<string, Set<string>>();
  for (const name of names)
    reachable.set(name, new Set(imports(name).flatMap((other) => [other, ...(reachable.get(other) ?? [])])));
  const isImplied = (name: string, other: string): boolean =>
    imports(name).some((between) => between !== other && reachable.get(between)?.has(other) === true);
  return new Map(names.map((name) => [name, imports(name).filter((other) => !isImplied(name, other))]));
}

function arrow(from: Box, to: Box, marker: string): string {
  const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
  const [x2, y2] = [to.x + to.width / 2, to.y - 2];
  const bend = (y2 - y1) / 2;
  return `<path class="${marker}" d="M${x1.toFixed(0)} ${y1} C ${x1.toFixed(0)} ${y1 + bend}, ${x2.toFixed(0)} ${y2 - bend}, ${x2.toFixed(0)} ${y2}" marker-end="url(#${marker})"/>`;
}

/** The label of a room: its folder, or for some files of one their name. */
function labelOf({ name: house }: House, name: string): string {
  const [folder = '', files] = name.split('#');
  if (files !== undefined) return folder === '.' ? files : `${folder}/${files}`;
  return folder === '.' ? `${house}/` : folder;
}

interface Drawing {
  readonly width: number;
  readonly height: number;
  /** At a place. */
  readonly at: (x: number, y: number) => string;
}

function drawHouse(house: House): Drawing {
  const graph: Graph = {
    names: house.rooms.map(({ name }) => name),
    imports: (name) => house.rooms.find((room) => room.name === name)?.imports ?? [],
  };
  const depth = depths(graph);
  const levels = Math.max(...depth.values());
  const rows = Array.from({ length: levels + 1 }, (_, i) =>
    graph.names.filter((name) => depth.get(name) === levels - i),
  );
  const widthOf = (name: string): number => Math.max(44, labelOf(house, name).length * charWidth + 14);
  const rowWidth = (row: readonly string[]): number => row.reduce((sum, name) => sum + widthOf(name) + gap, 0) - gap;
  const imports = house.imports.length === 0 ? 'imports nothing else of ours' : `imports ${house.imports.join(', ')}`;
  const title = Math.max(house.holds.length, imports.length) * charWidth + 2 * margin;
  const width = Math.max(title, ...rows.map((row) => rowWidth(row) + 2 * margin));
  const pitch = boxHeight + 2 * lineHeight;
  const isSingle = graph.names.length === 1;
  const height = isSingle ? titleHeight + 8 : titleHeight + rows.length * pitch - 2 * lineHeight + margin;
  const at = (left: number, top: number): string => {
    const boxes = new Map<string, Box>();
    for (const [i, row] of rows.entries()) {
      let x = left + (width - rowWidth(row)) / 2;
      for (const name of row) {
        boxes.set(name, { x, y: top + titleHeight + i * pitch, width: widthOf(name), height: boxHeight });
        x += widthOf(name) + gap;
      }
    }
    const arrows = [...essential(graph)].flatMap(([name, others]) => {
      const from = boxes.get(name);
      return others.flatMap((other) => {
        const to = boxes.get(other);
        return from === undefined || to === undefined ? [] : [arrow(from, to, 'inner')];
      });
    });
    const rooms = [...boxes].map(
      ([name, box]) =>
        `<rect class="room" x="${box.x.toFixed(0)}" y="${box.y}" width="${box.width.toFixed(0)}" height="${box.height}" rx="4"/>` +
        `<text class="label" x="${(box.x + box.width / 2).toFixed(0)}" y="${box.y + 15}">${escaped(labelOf(house, name))}</text>`,
    );
    return [
      `<rect class="house" x="${left.toFixed(0)}" y="${top}" width="${width.toFixed(0)}" height="${height}" rx="8"/>`,
      `<text class="title" x="${(left + margin).toFixed(0)}" y="${top + 19}">${escaped(house.name)}</text>`,
      `<text class="holds" x="${(left + margin).toFixed(0)}" y="${top + 33}">${escaped(house.holds)}</text>`,
      `<text class="holds" x="${(left + margin).toFixed(0)}" y="${top + 47}">${escaped(imports)}</text>`,
      ...(isSingle ? [] : [...arrows, ...rooms]),
    ].join('\n');
  };
  return { width, height, at };
}

const style = `
.house { fill: #f6f8fa; stroke: #8c959f; }
.room { fill: #ffffff; stroke: #afb8c1; }
.title { font: bold 15px sans-serif; fill: #1f2328; }
.holds { font: 11px sans-serif; fill: #59636e; }
.label { font: 11px monospace; fill: #1f2328; text-anchor: middle; }
.inner { fill: none; stroke: #afb8c1; }
.outer { fill: none; stroke: #0969da; stroke-width: 2; }
`;

const arrowHead = (id: string, colour: string, size: number): string =>
  `<marker id="${id}" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="${size}" markerHeight="${size}" orient="auto"><path d="M0 0 6 3 0 6z" fill="${colour}"/></marker>`;

/** All houses, those that import others above them. */
export function drawRooms(): string {
  const graph: Graph = {
    names: houses.map(({ name }) => name),
    imports: (name) => houses.find((house) => house.name === name)?.imports ?? [],
  };
  const floor = floorsOf(graph);
  const floors = Math.max(...floor.values());
  const drawings = new Map(houses.map((house) => [house.name, drawHouse(house)]));
  const space = 2 * gap;
  const rows = Array.from({ length: floors + 1 }, (_, i) =>
    graph.names.filter((name) => floor.get(name) === floors - i),
  );
  const widthOf = (row: readonly string[]): number =>
    row.reduce((sum, name) => sum + (drawings.get(name)?.width ?? 0) + space, 0) - space;
  const width = Math.max(...rows.map(widthOf)) + 2 * margin;
  const boxes = new Map<string, Box>();
  const parts: string[] = [];
  let y = margin;
  for (const row of rows) {
    let x = (width - widthOf(row)) / 2;
    const height = Math.max(...row.map((name) => drawings.get(name)?.height ?? 0));
    for (const name of row) {
      const drawing = drawings.get(name);
      if (drawing === undefined) continue;
      const top = y + height - drawing.height;
      boxes.set(name, { x, y: top, width: drawing.width, height: drawing.height });
      parts.push(drawing.at(x, top));
      x += drawing.width + space;
    }
    y += height + 3 * space;
  }
  const arrows = [...essential(graph)].flatMap(([name, others]) => {
    const from = boxes.get(name);
    return others.flatMap((other) => {
      const to = boxes.get(other);
      return from === undefined || to === undefined ? [] : [arrow(from, to, 'outer')];
    });
  });
  const height = y - 3 * space + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" width="${Math.ceil(width)}" height="${height}">`,
    `<style>${style}</style>`,
    `<defs>${arrowHead('inner', '#8c959f', 6)}${arrowHead('outer', '#0969da', 4)}</defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...arrows,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

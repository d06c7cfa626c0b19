/** Columns of encrypted runs, up to their time. */
import { formatBytes, formatMilliseconds } from '../../cli/render/units.ts';
import { column, type Column, spread } from '../markdown.ts';
import type { DeepFigures } from './deep-figures.ts';

export function runColumns<Row extends { readonly figures: DeepFigures }>(): Column<Row>[] {
  return [
    column('keys made in', ({ figures }) => formatMilliseconds(figures.keygenMs)),
    column('key file', ({ figures }) => formatBytes(figures.evaluationKeyBytes)),
    column('input, output', ({ figures }) =>
      [figures.uploadBytes, figures.downloadBytes].map((bytes) => formatBytes(bytes)).join(', '),
    ),
    column('encrypt, decrypt', ({ figures }) =>
      [figures.encryptMs, figures.decryptMs].map((ms) => formatMilliseconds(ms)).join(', '),
    ),
    column('server ready', ({ figures }) => formatMilliseconds(figures.readyMs)),
    column('evaluate', ({ figures }) => spread(figures.evaluateMs)),
  ];
}

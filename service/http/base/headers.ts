/** Headers whose values are lists: what is preferred (RFC 7240), accepted (RFC 9110), and known already. */

export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds that the caller wants to wait. */
  readonly wait: number | undefined;
}

/** What does not concern us, or is malformed, is ignored, as the RFC has it. */
export function preferencesOf(header: string | undefined): Preferences {
  const all = new Map<string, string>();
  for (const preference of (header ?? '').split(/[,;]/)) {
    const [name = '', value = ''] = preference.split('=').map((text) => text.trim());
    if (!all.has(name.toLowerCase())) all.set(name.toLowerCase(), value.replaceAll('"', ''));
  }
  const wait = all.get('wait') ?? '';
  return { respondAsync: all.has('respond-async'), wait: /^\d{1,9}$/.test(wait) ? Number(wait) : undefined };
}

/** Whether an `Accept` header admits `type`: by the range that names it most closely. */
export function accepts(header: string | undefined, type: string): boolean {
  if (header === undefined || header.trim() === '') return true;
  const [main = ''] = type.split('/');
  let closest = { rank: 0, quality: 0 };
  for (const range of header.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((text) => text.trim().toLowerCase());
    const rank = [`*/*`, `${main}/*`, type].indexOf(name) + 1;
    if (rank <= closest.rank) continue;
    const weight = parameters.find((each) => each.startsWith('q='));
    closest = { rank, quality: weight === undefined ? 1 : Number(weight.slice(2)) };
  }
  return closest.quality > 0;
}

/** Whether an `If-None-Match` header names the entity tag of what would be sent. */
export function isKnown(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((each) => ['*', tag, `W/${tag}`].includes(each.trim()));
}

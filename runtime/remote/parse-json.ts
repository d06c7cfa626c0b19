/** What a text of JSON says; `undefined` for any other text. Schemas refuse both alike. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

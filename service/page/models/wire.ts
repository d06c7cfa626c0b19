/** `fetch`, which notes what the last question was on the wire. */
export class Wire {
  sent = new Uint8Array();
  /** What the server says of its evaluation, in milliseconds. */
  serverTime: { readonly server?: number } = {};

  readonly fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (init?.body instanceof Uint8Array) {
      this.sent = new Uint8Array(init.body);
      const [, milliseconds] = /evaluation;dur=([\d.]+)/.exec(response.headers.get('server-timing') ?? '') ?? [];
      this.serverTime = milliseconds === undefined ? {} : { server: Number(milliseconds) };
    }
    return response;
  };
}

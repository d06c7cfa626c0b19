/** A TCP proxy on loopback that adds a delay to whatever passes, in each direction: a long line, of any bandwidth. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Milliseconds, whole: timers know no others. */
export interface LineDelay {
  readonly toServer: number;
  readonly toClient: number;
}

export interface DelayProxy {
  readonly port: number;
  /** Breaks what is connected. */
  close(): Promise<void>;
}

/** Bytes on the way in a direction, before the sender has to wait. */
const windowBytes = 2 ** 24;

/** In front of a port of this machine. What the server is sent comes `toServer` later, and its answers `toClient`. */
export async function startDelayProxy(port: number, { toServer, toClient }: LineDelay): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const proxy = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    forward(client, server, toServer);
    forward(server, client, toClient);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    close: async () => {
      const closed = once(proxy, 'close');
      proxy.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Timers of the same time fire in order, so that chunks do not overtake each other, nor does the end. */
function forward(from: Socket, to: Socket, delay: number): void {
  let underWay = 0;
  from.on('data', (chunk) => {
    underWay += chunk.length;
    if (underWay > windowBytes) from.pause();
    setTimeout(() => {
      to.write(chunk, () => {
        underWay -= chunk.length;
        if (underWay <= windowBytes) from.resume();
      });
    }, delay);
  });
  from.on('end', () => setTimeout(() => to.end(), delay));
  // A connection that breaks on one side breaks on the other.
  from.on('error', () => to.resetAndDestroy());
}

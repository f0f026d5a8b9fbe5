import { connect, type Socket } from "node:net";

/** One keep-alive connection that carries one request at a time. */
export interface HttpLane {
  /** Sends a whole request; resolves with the status. @throws {Error} when the connection breaks */
  exchange(request: Buffer): Promise<number>;
  readonly closed: boolean;
  close(): void;
}

/** A connection that costs the machine as little as can be: the hub is measured, not the load generator. */
export async function openLane(port: number): Promise<HttpLane> {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;
  let received = "";
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const broken = (error: Error) => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on("error", broken);
  socket.on("close", () => broken(new Error("the hub closed the connection")));
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    received += chunk;
    const head = received.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, head + 2))?.[1] ?? 0);
    if (received.length < head + 4 + length) return;
    const status = Number(received.slice(9, 12));
    received = received.slice(head + 4 + length);
    const done = waiting;
    waiting = undefined;
    done?.resolve(status);
  });
  return {
    exchange(request) {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error("the hub closed the connection"));
        waiting = { resolve, reject };
        socket.write(request);
      });
    },
    get closed() {
      return socket.destroyed || socket.readableEnded;
    },
    close: () => socket.destroy(),
  };
}

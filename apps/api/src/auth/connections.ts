/** When each TCP connection was accepted, what it says about the way to the admin, and how many there may be. */
import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopback } from "../addresses.ts";
import type { Caller, Clock, TcpConnection } from "../parts.ts";

export type Connections = {
  of(request: FastifyRequest): Pick<Caller, "address" | "indirect" | "connectedAt" | "connection">;
};

type Peer = {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
};

/** Connections at once, each some 20 kB: a page holds seven at most, a proxy that serves many some hundred. */
const MOST = 1000;

/**
 * Closes what comes beyond so many as leave half of the files that this process may open to the commands that change
 * rules: whoever opens connections, and need not even sign in, must not keep old rules from coming back.
 */
export function limitConnections(app: FastifyInstance): void {
  const files = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  app.server.maxConnections = Math.min(MOST, Math.floor(Number(files ?? MOST * 2) / 2));
}

/**
 * Notes each connection as it is accepted. Under TLS the socket of a request is another object than the accepted
 * one, so connections are known by their remote address and port.
 */
export function watchConnections(app: FastifyInstance, clock: Clock, behindProxy: string[]): Connections {
  const accepted = new Map<string, number>();
  const name = (peer: Peer) => `${peer.remoteAddress} ${peer.remotePort}`;
  app.server.on("connection", (socket) => {
    const key = name(socket);
    accepted.set(key, clock.monotonic());
    socket.once("close", () => accepted.delete(key));
  });
  const isProxy = proxies(behindProxy);
  return {
    of(request) {
      const peer = request.socket.remoteAddress ?? "";
      return {
        address: request.ip,
        indirect: isLoopback(peer) || isProxy(peer),
        // A connection that nobody saw being accepted proves nothing: as if it were there from the beginning.
        connectedAt: accepted.get(name(request.socket)) ?? Number.NEGATIVE_INFINITY,
        connection: connectionOf(request, isProxy(peer)),
      };
    },
  };
}

/** Without what sockets add: the prefix of an IPv4 address on one of both families, the zone of a link-local one. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/, "").replace(/%.*$/, "");

function connectionOf({ socket }: FastifyRequest, proxied: boolean): TcpConnection | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return null;
  const [peer, local] = [plain(remoteAddress), plain(localAddress)];
  return { peer, peerPort: remotePort, local, localPort, proxied };
}

function proxies(networks: string[]): (address: string) => boolean {
  const list = new BlockList();
  const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    if (prefix === undefined) list.addAddress(address, family(address));
    else list.addSubnet(address, Number(prefix), family(address));
  }
  return (given) => {
    const address = plain(given);
    return isIP(address) !== 0 && list.check(address, family(address));
  };
}

/**
 * Which Host headers are ours. A page on a foreign name that resolves to us (DNS rebinding) would otherwise speak
 * to us from within the admin's browser as if it were our own page.
 */
import type { FastifyRequest } from "fastify";
import { Problem } from "../problem.ts";
import type { Settings } from "../settings.ts";

const ALWAYS = ["localhost", "127.0.0.1", "[::1]"];

/** Gives a check that throws Problem 403 for a host that is none of ours, and 400 for two: a proxy may go by the other. */
export function hostCheck(settings: Settings): (request: FastifyRequest) => void {
  const named = new Set([...ALWAYS, bracketed(settings.listen.host), ...settings.allowHost]);
  return (request) => {
    if ((request.raw.headersDistinct.host?.length ?? 0) > 1) throw twoHosts();
    // The address that the connection came to is a listen address too, when we listen on all of them.
    const here = bracketed(request.socket.localAddress ?? "");
    // An absolute request target goes before the header. A proxy may pass on a client's X-Forwarded-Host unseen:
    // what it sent itself must be ours as well.
    const target = /^[a-z]+:\/\/([^/?#]*)/i.exec(request.raw.url ?? "")?.[1];
    for (const host of [target ?? request.headers.host ?? "", request.headers.host ?? "", request.host]) {
      const name = withoutPort(host);
      if (!named.has(name) && name !== here) throw unknownHost(name);
    }
  };
}

function twoHosts(): Problem {
  const detail = "The request has more than one Host header. Send one.";
  return new Problem({ status: 400, code: "bad-request", title: "Bad request", detail });
}

function unknownHost(name: string): Problem {
  const detail = /^[a-z0-9.:[\]-]+$/.test(name)
    ? `The Host header says "${name}", which is not a name of this server. Start it with --allow-host ${name} if it is.`
    : "The Host header does not say a name of this server. Call it by an address, or a name given with --allow-host.";
  return new Problem({ status: 403, code: "unknown-host", title: "Unknown host", detail });
}

function bracketed(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  return plain.includes(":") ? `[${plain}]` : plain;
}

function withoutPort(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "");
}

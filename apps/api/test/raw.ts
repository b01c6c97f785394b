/** HTTP as a stranger may write it: bytes onto a socket, whatever they are. */
import { connect } from "node:net";

export type RawAnswer = { status: number; head: string; body: string };

/** Sends the bytes over a connection of its own and reads until the server ends it. */
export function sendRaw(url: string, ...parts: (string | Uint8Array)[]): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const got: Buffer[] = [];
    socket.on("data", (part) => got.push(part));
    // A server that has said its word may reset what is still being sent.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      const [head = "", ...rest] = Buffer.concat(got).toString("utf8").split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1] ?? 0), head, body: rest.join("\r\n\r\n") });
    });
    for (const part of parts) socket.write(part);
  });
}

/** The head of a request that closes its connection, with these header lines. */
export function headOf(method: string, target: string, ...lines: string[]): string {
  return [`${method} ${target} HTTP/1.1`, "Connection: close", ...lines, "", ""].join("\r\n");
}

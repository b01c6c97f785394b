/**
 * A real server: `answer.ts NAME PORT...`. Says at once who answers, at which address and port, and says it again for
 * each line; the line `send N` gets N bytes before.
 */
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** Listens on the ports, both families; resolves when it does. */
export async function answer(name: string, ports: readonly number[]): Promise<void> {
  const serve = (socket: Socket) => {
    const who = `${name} ${socket.localAddress?.replace("::ffff:", "")} ${socket.localPort}\n`;
    const answerTo = (line: string) => {
      const bytes = Number(/^send (\d+)$/.exec(line)?.[1] ?? 0);
      socket.write("x".repeat(bytes) + who);
    };
    // A caller may break off, as checks do; the reader reports that once more.
    const breakOff = () => socket.destroy();
    createInterface(socket.on("error", breakOff)).on("error", breakOff).on("line", answerTo);
    socket.write(who);
  };
  const listening = (port: number) =>
    new Promise<void>((resolve, reject) => {
      createServer(serve).on("error", reject).listen(port, "::", resolve);
    });
  await Promise.all(ports.map(listening));
}

if (import.meta.main) {
  const [name = "", ...ports] = process.argv.slice(2);
  await answer(name, ports.map(Number));
  console.log("ready");
}

/**
 * A door into a network namespace: `door.ts PATH` listens on a socket in the file system, which all namespaces share.
 * The first line says `ADDRESS PORT`; it is answered by `connected` or by an error's code, and then both sides speak.
 */
import { connect, createServer, type Socket } from "node:net";

function pass(caller: Socket): void {
  caller.on("error", () => undefined);
  caller.once("data", (line) => {
    const [host = "", port] = line.toString().trim().split(" ");
    const far = connect({ host, port: Number(port) });
    far.once("connect", () => {
      caller.write("connected\n");
      caller.pipe(far).pipe(caller);
    });
    far.on("error", (error) => caller.end(`${"code" in error ? error.code : error.message}\n`));
    caller.on("close", () => far.destroy());
  });
}

createServer(pass).listen(process.argv[2], () => console.log("ready"));

/** The threads of a running Node, by its debugger: https://chromedevtools.github.io/devtools-protocol and NodeWorker beside it. */
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

type Message = {
  id?: number;
  method?: string;
  params?: { sessionId?: string; message?: string; chunk?: string; workerInfo?: { url: string } };
  result?: Record<string, number>;
  error?: { message: string };
};

export type Inspected = {
  name: string;
  /** The result of a call; `chunk` hears what is sent in pieces meanwhile. */
  ask(
    method: string,
    params?: object,
    chunk?: (text: string) => void,
  ): Promise<NonNullable<Message["result"]>>;
};

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}

/** Pairs questions with answers; `send` takes the text of a question. */
function channel(
  send: (text: string) => void,
  name: string,
): { inspected: Inspected; take(message: Message): void } {
  let last = 0;
  const waiting = new Map<number, (message: Message) => void>();
  let hear: ((text: string) => void) | undefined;
  return {
    inspected: {
      name,
      async ask(method, params = {}, chunk) {
        const id = ++last;
        hear = chunk;
        const answer = new Promise<Message>((done) => waiting.set(id, done));
        send(JSON.stringify({ id, method, params }));
        const { result, error } = await answer;
        if (!result) throw new Error(`${method}: ${error?.message}`);
        return result;
      },
    },
    take(message: Message) {
      if (message.params?.chunk !== undefined) hear?.(message.params.chunk);
      if (message.id !== undefined) waiting.get(message.id)?.(message);
    },
  };
}

/** All threads of a process that was started with `--inspect-port=PORT`; the debugger opens only now. */
export async function inspect(pid: number, port: number): Promise<{ threads: Inspected[]; close(): void }> {
  process.kill(pid, "SIGUSR1");
  const socket = new WebSocket(await address(port));
  await new Promise((done) => socket.addEventListener("open", done, { once: true }));
  const main = channel((text) => socket.send(text), "main");
  const workers = new Map<string, ReturnType<typeof channel>>();
  socket.addEventListener("message", ({ data }) => {
    const message: Message = JSON.parse(String(data));
    const { sessionId = "", workerInfo, message: told = "" } = message.params ?? {};
    if (message.method === "NodeWorker.attachedToWorker") {
      const send = (text: string) =>
        void main.inspected.ask("NodeWorker.sendMessageToWorker", { sessionId, message: text });
      workers.set(sessionId, channel(send, workerInfo?.url.split("/").at(-1) ?? "worker"));
    } else if (message.method === "NodeWorker.receivedMessageFromWorker") {
      workers.get(sessionId)?.take(JSON.parse(told));
    } else main.take(message);
  });
  await main.inspected.ask("NodeWorker.enable", { waitForDebuggerOnStart: false });
  // A thread says that it is there when it comes to it.
  await pause(500);
  return {
    threads: [main.inspected, ...[...workers.values()].map(({ inspected }) => inspected)],
    close: () => socket.close(),
  };
}

/** Where the debugger of that port is found, once it is open. */
async function address(port: number): Promise<string> {
  for (let tries = 0; tries < 50; tries += 1) {
    await pause(100);
    const found = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => null);
    const [, url] = /"webSocketDebuggerUrl": "([^"]+)"/.exec((await found?.text()) ?? "") ?? [];
    if (url) return url;
  }
  throw new Error(`no debugger on port ${port}`);
}

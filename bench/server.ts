/**
 * Requests a second and how long each takes, with and without counters that stream beside them: `node bench/server.ts
 * [flows]`; FLOWMGR_URL, FLOWMGR_TOKEN and FLOWMGR_PID name a server that runs already.
 *
 * "CPU" is milliseconds of the server's process for each request, which a busy machine changes little; the rest is the
 * clock's.
 */
import { get } from "node:http";
import { machine } from "./machine.ts";
import { openProduct, type Product } from "./product.ts";

/** How long each kind of request is sent, one after the other on each of the connections. */
const SECONDS = 5;
const CONNECTIONS = 4;

const REQUESTS: readonly [string, Record<string, string>][] = [
  ["/status", {}],
  ["/draft/flows/service-0", {}],
  ["/draft/flows?limit=100", {}],
  ["/draft", {}],
  ["/draft", { accept: "text/plain" }],
  ["/running/counters", {}],
];

async function load(product: Product, path: string, more: Record<string, string>) {
  const took: number[] = [];
  const cpu = product.cpu();
  const end = performance.now() + SECONDS * 1000;
  const headers = { authorization: `Bearer ${product.token}`, "accept-encoding": "br, gzip", ...more };
  const connection = async () => {
    while (performance.now() < end) {
      const begin = performance.now();
      const answer = await fetch(`${product.url}/api/v1${path}`, { headers });
      await answer.arrayBuffer();
      if (answer.status === 429) await new Promise((done) => setTimeout(done, 50));
      else if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      else took.push(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  const sorted = took.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1) ?? "-";
  const each = (product.cpu() - cpu) / took.length;
  return { rate: took.length / SECONDS, p50: at(0.5), p99: at(0.99), each: each.toFixed(2) };
}

/** A reader of counters that takes them packed, as browsers do; gives what ends it, and the bytes that came. */
function stream(product: Product, mode: "true" | "changes"): () => number {
  let bytes = 0;
  const headers = { authorization: `Bearer ${product.token}`, "accept-encoding": "gzip" };
  const request = get(`${product.url}/api/v1/events?counters=${mode}`, { headers }, (answer) => {
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    answer.on("error", () => undefined);
  });
  request.on("error", () => undefined);
  return () => {
    request.destroy();
    return bytes;
  };
}

async function table(product: Product, heading: string): Promise<void> {
  process.stdout.write(`${heading}\n`);
  for (const [path, more] of REQUESTS) {
    const { rate, p50, p99, each } = await load(product, path, more);
    const what = `${path} ${more.accept ?? ""}`.padEnd(36);
    process.stdout.write(
      `${what} | ${rate.toFixed(0)} a second | p50 ${p50} ms | p99 ${p99} ms | CPU ${each} ms\n`,
    );
  }
}

console.log(machine("iptables"));
const product = await openProduct(Number(process.argv[2] ?? 10_000));
try {
  await table(product, "nobody watches");
  const ends = Array.from({ length: 5 }, () => stream(product, "changes"));
  await table(product, "five browsers watch counters");
  process.stdout.write(
    `a stream: ${(ends.map((end) => end())[0] ?? 0) / 1000} kB in ${REQUESTS.length * SECONDS} s\n`,
  );
  const whole = stream(product, "true");
  await new Promise((done) => setTimeout(done, REQUESTS.length * SECONDS * 1000));
  process.stdout.write(`the same with counters=true: ${whole() / 1000} kB\n`);
} finally {
  await product.close();
}

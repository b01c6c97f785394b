/**
 * What the server holds at ten thousand flows in force: the most, and at rest behind the last request, after
 * `PUT /config` and two edits, each with check, plan and apply. `node bench/memory.ts [flows] [nft|legacy] [DIR]`
 * IDLE_MINUTES=MINUTES waits for so long and tells it again: behind ten, the thread of the analysis has gone.
 *
 * Then what V8 says of each thread; with DIR, a heap snapshot of each, for who wants to know what is alive. Both come
 * from the debugger, which is opened only when all else has been measured.
 */
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Edit, Rule } from "@flowmgr/flow-model";
import { freePort, type Inspected, inspect } from "./inspector.ts";
import { machine } from "./machine.ts";
import { openProduct, type Product } from "./product.ts";

/** Milliseconds between what a person does, and until the server is at rest. */
const BETWEEN = 2000;
const AT_REST = 8000;

const MB = 1024 * 1024;

async function call(product: Product, path: string, body?: object): Promise<string> {
  const answer = await fetch(`${product.url}/api/v1${path}`, {
    method: body ? "POST" : "GET",
    headers: {
      authorization: `Bearer ${product.token}`,
      "if-match": "*",
      prefer: "return=minimal",
      "content-type": "application/json",
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 500)}`);
  return answer.headers.get("etag") ?? "*";
}

/** One more port of a service, with all that a page asks for until it is in force. */
async function edit(product: Product, flow: string, port: string): Promise<void> {
  const is = (value: string) => ({ not: false, values: [value] });
  const conditions = { proto: is("tcp"), dst: is("10.0.0.1"), dstport: is(port) };
  const rule: Rule = { verb: "match", off: false, comment: [], note: "", conditions };
  const edits: Edit[] = [{ do: "add-rule", flow, rule }];
  const etag = await call(product, "/draft/edits", { edits });
  await call(product, "/draft/check");
  await call(product, "/draft/plan");
  say(product, `${flow} edited, checked, planned`);
  await call(product, "/apply", { etag, confirmWithin: 0 });
  say(product, "and applied");
  await pause(BETWEEN);
}

function say(product: Product, what: string): void {
  process.stdout.write(`${what.padEnd(40)} ${product.memory()} MB\n`);
}

/** Megabytes: the most that the process has ever held, without what it has started. */
function highest({ pid }: Product): number {
  const [, kilobytes = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** One line: what V8 has taken for a thread's objects, what of it is used, and what is alive. */
async function tellHeap({ name, ask }: Inspected): Promise<void> {
  const { usedSize = 0, totalSize = 0, backingStorageSize = 0 } = await ask("Runtime.getHeapUsage");
  await ask("HeapProfiler.collectGarbage");
  const alive = await ask("Runtime.getHeapUsage");
  const figures = [totalSize, usedSize, alive.usedSize ?? 0, backingStorageSize].map((n) =>
    (n / MB).toFixed(0),
  );
  const [taken, used, living, buffers] = figures;
  process.stdout.write(`${name}: heap ${taken} MB, used ${used}, alive ${living}; buffers ${buffers}\n`);
}

async function keepSnapshot({ name, ask }: Inspected, folder: string): Promise<void> {
  const file = createWriteStream(join(folder, `${name}.heapsnapshot`));
  await ask("HeapProfiler.takeHeapSnapshot", {}, (text) => void file.write(text));
  await new Promise<void>((done) => file.end(() => done()));
}

const [flows = "10000", backend = "nft", folder] = process.argv.slice(2);
console.log(machine("iptables"));
const port = await freePort();
const product = await openProduct(Number(flows), ["--backend", backend], {
  NODE_OPTIONS: `--inspect-port=127.0.0.1:${port} --inspect-publish-uid=http`,
});
try {
  say(product, "PUT /config answered");
  await pause(BETWEEN);
  await edit(product, "service-4000", "7001");
  await edit(product, "service-6000", "7002");
  await pause(AT_REST - BETWEEN);
  say(product, "at rest");
  const idle = Number(process.env.IDLE_MINUTES ?? 0);
  if (idle > 0) {
    await pause(idle * 60_000);
    say(product, `${idle} minutes later`);
  }
  process.stdout.write(`${"the most, without its children".padEnd(40)} ${highest(product)} MB\n`);
  const { threads, close } = await inspect(product.pid, port);
  for (const thread of threads) await tellHeap(thread);
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    for (const thread of threads) await keepSnapshot(thread, folder);
  }
  close();
} finally {
  await product.close();
}

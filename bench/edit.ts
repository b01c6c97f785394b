/**
 * What one edit costs whoever makes it over REST: the edit, its plan and its apply, each call by the clock and by CPU of
 * the server's process, with the steps that the server names in `Server-Timing`, and the memory that it holds.
 * `node bench/edit.ts [flows] [edits] [nft|legacy]`
 *
 * Each edit gives another service another port; the apply is for good. A script asks for the plan at once; a person
 * looks at it a moment later, when what needs nothing of the machine is ready: the edits are one and the other by turns.
 */
import { setTimeout as pause } from "node:timers/promises";
import { flowSchema, flowsOf } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { machine } from "./machine.ts";
import { openProduct, type Product } from "./product.ts";

/** Milliseconds until the server's own work behind an edit or an apply has ended, and until nobody has asked for long. */
const BETWEEN = 2000;
const AT_REST = 10_000;

type Call = { method?: string; path: string; body?: unknown; headers?: Record<string, string> };

/** Sends it, tells what it cost, gives the answer's text and ETag. */
async function call(product: Product, { method = "GET", path, body, headers = {} }: Call) {
  const [cpu, begin] = [product.cpu(), performance.now()];
  const answer = await fetch(`${product.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${product.token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const took = (performance.now() - begin).toFixed(0);
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
  const steps = (answer.headers.get("server-timing") ?? "").replaceAll(";dur=", " ");
  process.stdout.write(
    `${method} ${path}: ${took} ms, ${product.cpu() - cpu} of CPU; ${product.memory()} MB; ${steps}\n`,
  );
  return { text, etag: answer.headers.get("etag") ?? "*" };
}

async function editOnce(product: Product, { name, port }: Edited, byHand: boolean): Promise<void> {
  const found = await call(product, { path: `/draft/flows/${name}` });
  const flow = flowSchema.parse(JSON.parse(found.text));
  const dstport = { not: false, values: [String(port)] };
  const rules = flow.rules.map((rule) => ({ ...rule, conditions: { ...rule.conditions, dstport } }));
  const { etag } = await call(product, {
    method: "POST",
    path: "/draft/edits",
    headers: { "if-match": "*", prefer: "return=minimal" },
    body: { edits: [{ do: "change", name, item: { ...flow, rules } }] },
  });
  if (byHand) await pause(BETWEEN);
  process.stdout.write(byHand ? "a moment later: " : "at once: ");
  await call(product, { path: "/draft/plan" });
  await call(product, { method: "POST", path: "/apply", body: { etag, confirmWithin: 0 } });
}

/** A flow, and the port that it is to be for. */
type Edited = { name: string; port: number };

/** Services that lie evenly among so many flows. */
function someOf(flows: number, count: number): Edited[] {
  const services = flowsOf(manyFlows(flows)).filter(({ name }) => name.startsWith("service-"));
  const step = services.length / count;
  return Array.from({ length: count }, (_, at) => {
    const name = services[Math.floor((at + 0.5) * step)]?.name ?? "";
    return { name, port: 7000 + at };
  });
}

const [flows = "10000", edits = "6", backend = "nft"] = process.argv.slice(2);
console.log(machine("iptables"));
const product = await openProduct(Number(flows), ["--backend", backend]);
try {
  await pause(BETWEEN);
  for (const [round, edited] of someOf(Number(flows), Number(edits)).entries()) {
    await editOnce(product, edited, round % 2 === 1);
    await pause(BETWEEN);
  }
  await pause(AT_REST);
  process.stdout.write(`at rest: ${product.memory()} MB\n`);
} finally {
  await product.close();
}

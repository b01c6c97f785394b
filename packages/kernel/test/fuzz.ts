/**
 * Bad configs by the thousand: no crash, no hang, and the kernel takes whatever check lets through.
 *
 *     npm run fuzz -- --minutes 10 --seed 1
 *
 * Texts and JSON a few steps away from good ones go through parser, schema, check, printer and compiler; each
 * program that comes out of a config without errors is loaded into empty namespaces, with both back ends. Exit
 * status 1 and the input when something is wrong.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type Kernel, KernelError, openKernel } from "../src/index.ts";
import { makeNamespace } from "../src/testing.ts";
import type { Batch, Outcome } from "./fuzz/inputs.ts";

/** Inputs of each kind in a batch. */
const SIZE = 100;

/** Milliseconds for one batch: a hundred times what one takes on a busy machine. */
const HANG = 120_000;

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string" } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);

function runBatch(worker: Worker, batch: Batch): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`a batch hangs: --seed ${batch.seed}`)), HANG);
    const settle = (outcome: Outcome) => {
      clearTimeout(timer);
      worker.off("error", reject);
      resolve(outcome);
    };
    worker.once("message", settle).once("error", reject).postMessage(batch);
  });
}

/** What the kernel says against a program; null when it takes it. */
async function refusal(kernel: Kernel, program: Parameters<Kernel["check"]>[0]): Promise<string | null> {
  try {
    await kernel.check(program);
    return null;
  } catch (error) {
    if (error instanceof KernelError) return `${kernel.facts.backend}: ${error.message}: ${error.said}`;
    throw error;
  }
}

const dataDir = mkdtempSync(join(tmpdir(), "flowmgr-fuzz-"));
process.env.XTABLES_LOCKFILE = join(dataDir, "xtables.lock");
const ns = await makeNamespace();
const worker = new Worker(new URL("./fuzz/inputs.ts", import.meta.url));
const total = { inputs: 0, green: 0, faults: 0 };
try {
  const kernels = await Promise.all(
    (["nft", "legacy"] as const).map((backend) =>
      openKernel({ target: { kind: "namespace", name: ns.name }, backend, ipv6: true, dataDir }),
    ),
  );
  const end = Date.now() + minutes * 60_000;
  console.log(`fuzzing for ${minutes} minutes, --seed ${seed}`);
  for (let batch = seed; Date.now() < end; batch += 1) {
    const { inputs, green, faults } = await runBatch(worker, { seed: batch, size: SIZE });
    for (const { text, program } of green) {
      if (Date.now() > end) break;
      const said = await Promise.all(kernels.map((kernel) => refusal(kernel, program)));
      for (const what of said) if (what !== null) faults.push({ input: text, what });
      total.green += 1;
    }
    total.inputs += inputs;
    total.faults += faults.length;
    for (const { input, what } of faults) console.log(`--seed ${batch}\n${input}\n${what}\n`);
  }
} finally {
  await worker.terminate();
  await ns.remove();
  rmSync(dataDir, { recursive: true, force: true });
}
console.log(`${total.inputs} inputs, ${total.green} programs into the kernel, ${total.faults} faults`);
process.exit(total.faults > 0 || total.green === 0 ? 1 : 0);

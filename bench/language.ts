/**
 * How parse, check and print grow with the config: 10, 1000 and 10 000 flows side by side in one run, so that the
 * ratios mean the same on every machine. `node bench/language.ts`
 */
import { check, checkText, parse, print } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { machine } from "./machine.ts";

const SIZES = [10, 1000, 10_000];
const ROUNDS = 7;

/** Milliseconds of the best of several rounds: the one that the machine disturbed least. */
function measure(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

const rows = SIZES.map((flows) => {
  const config = manyFlows(flows);
  const text = print(config);
  const steps = {
    parse: measure(() => parse(text)),
    check: measure(() => check(config)),
    print: measure(() => print(config)),
    "parse and check": measure(() => checkText(text)),
  };
  return { flows, kilobytes: Math.round(text.length / 1000), steps };
});

console.log(machine());
console.log("flows    kB      step              ms   us a flow   against 1000 flows");
for (const { flows, kilobytes, steps } of rows) {
  for (const [step, time] of Object.entries(steps)) {
    const perFlow = (time * 1000) / flows;
    const of1000 = rows[1]?.steps[step as keyof typeof steps] ?? 0;
    const columns = [
      String(flows).padEnd(8),
      String(kilobytes).padEnd(7),
      step.padEnd(16),
      time.toFixed(2).padStart(6),
      perFlow.toFixed(2).padStart(9),
      `${(perFlow / of1000).toFixed(2)} x`.padStart(12),
    ];
    console.log(columns.join(" "));
  }
}

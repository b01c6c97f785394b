/**
 * A keystroke in the search of the Flows place, over 10, 1000 and 10 000 flows side by side in one run: the first
 * search of a config, which reads every flow, and the next ones. `node bench/search.ts`
 *
 * Milliseconds of the processor: the middle of the rounds and the slowest, in which the engine compiles the code.
 */
import { flowsOf, search, warmSearch } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { spent } from "./cpu.ts";
import { machine } from "./machine.ts";

const SIZES = [10, 1000, 10_000];
const ROUNDS = 7;
const QUERIES = [
  "service",
  "10.1.2.3",
  "172.16.4.0/22",
  "dst:172.16.4.7 port:25",
  "policy:director -port:25 tcp",
  "src:10.0.0.0/8 iface:eth0 proto:udp",
];

console.log(machine());
console.log("flows    query                                  found  middle slowest");
for (const size of SIZES) {
  const config = manyFlows(size);
  const flows = flowsOf(config);
  const row = (what: string, found: number | string, times: number[]) => {
    const sorted = times.toSorted((a, b) => a - b);
    const told = [sorted[sorted.length >> 1], sorted.at(-1)].map((ms = 0) => ms.toFixed(2).padStart(7));
    console.log(String(size).padEnd(8), what.padEnd(38), String(found).padStart(5), ...told);
  };
  row("(reading all flows, once)", "", [spent(() => warmSearch(config)).ms]);
  for (const query of QUERIES) {
    let found = 0;
    const rounds = Array.from({ length: ROUNDS }, () => {
      const { result, ms } = spent(() => flows.filter(search(query, config)).length);
      found = result;
      return ms;
    });
    row(query, found, rounds);
  }
}

/**
 * A keystroke in the search of the Flows place, over 10, 1000 and 10 000 flows side by side in one run: the first
 * search of a config, which reads every flow, and the next ones. `node bench/search.ts`
 */
import { flowsOf, search, warmSearch } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
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

function time(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

console.log(machine());
console.log("flows    query                                  found    ms");
for (const size of SIZES) {
  const config = manyFlows(size);
  const flows = flowsOf(config);
  const row = (what: string, found: number | string, ms: number) =>
    console.log(
      String(size).padEnd(8),
      what.padEnd(38),
      String(found).padStart(5),
      ms.toFixed(2).padStart(7),
    );
  row(
    "(reading all flows, once)",
    "",
    time(() => warmSearch(config)),
  );
  for (const query of QUERIES) {
    let found = 0;
    const rounds = Array.from({ length: ROUNDS }, () =>
      time(() => {
        const look = search(query, config);
        found = flows.filter((flow) => look(flow)).length;
      }),
    );
    row(query, found, Math.max(...rounds));
  }
}

/** A config that no analysis comes to an end with. */
import type { Config, Flow } from "@flowmgr/flow-model";

/** Boxes that overlap in four fields, of other verdicts in turn: nobody can work these out in a minute. */
export function boxes(count: number): Config {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const ports = () => {
    const low = random(40_000);
    return { not: false, values: [`${low}:${low + 5000 + random(20_000)}`] };
  };
  const network = () => ({ not: false, values: [`${10 + random(4)}.0.0.0/${5 + random(4)}`] });
  const flows = Array.from(
    { length: count },
    (_, index): Flow => ({
      ...{ kind: "flow", name: `f${index}`, skipped: false, comment: [], note: "" },
      policy: { action: index % 2 ? "permit" : "deny" },
      rules: [
        {
          ...{ verb: "match", off: false, comment: [], note: "" },
          conditions: { src: network(), dst: network(), srcport: ports(), dstport: ports() },
        },
      ],
    }),
  );
  return { items: flows, comment: [] };
}

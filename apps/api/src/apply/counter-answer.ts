/** Counters as the API tells them: per flow and rule. */
import type { Counters } from "@flowmgr/flow-api";
import type { Count } from "@flowmgr/kernel";
import { rfc3339 } from "../clock.ts";
import { keyOf } from "./same-rules.ts";
import type { Total, Totals } from "./totals.ts";

type Told = Counters["flows"][number]["rules"][number];

/** In the order of `counts`, with what has been counted in all; `at`: milliseconds since 1970. */
export function counterAnswer(at: number, counts: readonly Count[], totals: Totals): Counters {
  const flows = new Map<string, { rules: Told[]; icmpErrors?: Omit<Told, "rule"> }>();
  for (const { source } of counts) {
    const total = totals.get(keyOf(source));
    if (total === undefined) continue;
    const flow = flows.get(source.flow) ?? { rules: [] };
    flows.set(source.flow, flow);
    const told = tell(total);
    if (source.rule === null) flow.icmpErrors = told;
    else flow.rules.push({ rule: source.rule, ...told });
  }
  return {
    at: rfc3339(at),
    flows: [...flows].map(([name, { rules, icmpErrors }]) => ({
      name,
      ...sum([...rules, ...(icmpErrors ? [icmpErrors] : [])]),
      rules: rules.sort((a, b) => a.rule - b.rule),
      ...(icmpErrors && { icmpErrors }),
    })),
  };
}

function tell({ packets, bytes, since, lastHit }: Total): Omit<Told, "rule"> {
  return { packets, bytes, since: rfc3339(since), lastHit: lastHit === null ? null : rfc3339(lastHit) };
}

/** All packets whose visit ended in the flow. It counts since its oldest part does. */
function sum(parts: Omit<Told, "rule">[]): Omit<Told, "rule"> {
  const times = parts.map((part) => part.since).sort();
  const hits = parts.flatMap((part) => part.lastHit ?? []).sort();
  return {
    packets: parts.reduce((total, part) => total + part.packets, 0),
    bytes: parts.reduce((total, part) => total + part.bytes, 0),
    since: times[0] ?? "",
    lastHit: hits.at(-1) ?? null,
  };
}

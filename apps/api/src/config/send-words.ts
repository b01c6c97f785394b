/** What came of a packet that was sent, as a sentence. */
import { toldRule } from "@flowmgr/flow-analysis";
import type { Sent } from "@flowmgr/flow-api";
import type { Source } from "@flowmgr/flow-compiler";
import type { Judged } from "@flowmgr/kernel";

/** Who counted it, whether the tester says so, and where it was sent. `expected`: whom the tester says. */
export function sentSentence(
  { packet, arrived, counters, agrees }: Pick<Sent, "packet" | "arrived" | "counters" | "agrees">,
  expected: readonly Source[],
  apart: Judged["apart"],
): string {
  const where = placeOf(apart, packet.iface, counters.length > 0);
  if (!arrived) return `No flow saw it: the kernel drops such a packet before rules judge it. ${where}`;
  if (agrees) return `It was counted by ${told(counters)}, as the tester says. ${where}`;
  if (apart === "lost") return `${LOST} Elsewhere, with the same rules, it was counted by ${told(counters)}.`;
  return `It was counted by ${told(counters)}, and the tester says ${told(expected)}. ${where}`;
}

/** Rules that are named one by one: a packet may go past a thousand of `ignore`. */
const MOST_NAMED = 4;

function told(sources: readonly Source[]): string {
  if (sources.length === 0) return "no rule";
  const names = sources.map(toldRule);
  const hidden = names.length - MOST_NAMED;
  if (hidden > 0) names.splice(2, hidden, `${hidden} more`);
  return names.join(", then ");
}

const LOST =
  "No flow saw it in the namespace: its interface is down, a rule of others took it before, or the rules there are not what they should be, which the status tells.";

function placeOf(apart: Judged["apart"], iface: string | undefined, counts: boolean): string {
  const copy = "It was sent in an empty namespace with the same rules";
  switch (apart) {
    case null:
      return `It was sent in the namespace itself${counts ? ", and counts there" : ""}.`;
    case "asked":
      return `${copy}: the namespace itself may know its connection, and flows ask for the state.`;
    case "interface":
      return `${copy}: ${iface} is no interface that flowmgr made.`;
    case "company":
      return `${copy}: in the namespace itself other packets were counted at the same time.`;
    case "unsent":
      return `${copy}: the namespace itself has no way to send it by ${iface}.`;
    case "lost":
      return `${copy}: in the namespace itself it did not come to the flows.`;
  }
}

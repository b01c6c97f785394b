/** Configs for packets, each of which stands in the way of what others ask: the same on every machine. */
import type { Family } from "./packet-line.ts";

/** A flow's rules, one each; the last is that which all packets go to. */
const PORTS: readonly number[] = [80, 443, 25, 53];

/** `dst` is null in a flow for a port of any destination. */
export type BenchFlow = { name: string; dst: string | null; ports: readonly number[] };

export type BenchConfig = { flows: BenchFlow[]; elsewhere: string };

/** Linear congruential, of Numerical Recipes. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** An address at random that a packet may have as its destination. */
function anyAddress(random: (below: number) => number, family: Family): string {
  const hex = (below: number) => random(below).toString(16);
  if (family === 6) return `2001:db8:${hex(65_536)}:${hex(65_536)}::${(1 + random(65_535)).toString(16)}`;
  const first = 1 + random(223);
  // Not the machine's own; 198.18.0.0/15 is the line's.
  return `${[127, 198].includes(first) ? 126 : first}.${random(256)}.${random(256)}.${random(256)}`;
}

/**
 * Flows for one destination each, at random, with a rule for each port; evenly among them `wildcards` flows for a port of any
 * destination, which no packet has.
 */
export function randomFlows(count: number, wildcards: number, family: Family, ports = PORTS): BenchConfig {
  const random = numbers(count + wildcards);
  const found = new Set<string>();
  while (found.size <= count) found.add(anyAddress(random, family));
  const [elsewhere = "", ...destinations] = found;
  const flows: BenchFlow[] = destinations.map((dst, at) => ({ name: `f${at}`, dst, ports }));
  const every = Math.ceil(count / Math.max(1, wildcards));
  for (let at = 0; at < wildcards; at += 1) {
    flows.splice(at * (every + 1), 0, { name: `w${at}`, dst: null, ports: [5000 + 7 * at] });
  }
  return { flows, elsewhere };
}

/** As the language says it. */
export function textOf({ flows }: BenchConfig): string {
  const rule = (dst: string | null, port: number) =>
    `match proto udp ${dst === null ? "" : `dst ${dst} `}dstport ${port}`;
  return flows
    .map(({ name, dst, ports }) => {
      const verdict = dst === null ? "deny" : "permit";
      return `flow ${name} ${verdict} ${ports.map((port) => rule(dst, port)).join(" ")}`;
    })
    .join("\n");
}

export const TRAFFIC = ["last flow", "no flow", "random"] as const;
export type Traffic = (typeof TRAFFIC)[number];

/** Where packets go: to the last flow, to an address like those of the flows that none has, or to all in disorder. */
export function destinationsOf({ flows, elsewhere }: BenchConfig, traffic: Traffic): string[] {
  if (traffic === "no flow") return [elsewhere];
  const all = flows.flatMap(({ dst }) => dst ?? []);
  return traffic === "last flow" ? all.slice(-1) : shuffled(all);
}

function shuffled(values: readonly string[]): string[] {
  const all = [...values];
  const random = numbers(7);
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = random(at + 1);
    [all[at], all[other]] = [all[other] ?? "", all[at] ?? ""];
  }
  return all;
}

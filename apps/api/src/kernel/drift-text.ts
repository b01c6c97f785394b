/** Drift as a unified diff, from what should be in the kernel to what is there. */
import {
  delta,
  describeIpRule,
  describeRoute,
  describeSet,
  type FamilyDelta,
  type FamilyProgram,
  type FamilyState,
  type NetworkSet,
  type Program,
  type SetState,
  type SetsDelta,
} from "@flowmgr/flow-compiler";
import type { FamilyCounted, Reading } from "@flowmgr/kernel";
import { unifiedDiff } from "../apply/unified-diff.ts";

/** What a family should hold that is switched off: nothing of ours. */
const NOTHING: FamilyProgram = { chains: [], hooks: [], ipRules: [], routes: [] };

/** Milliseconds to look for the smallest diff; behind it everything that differs stands in one piece. */
const SEARCH_MS = 200;

/**
 * "" when nothing differs. Chains that are as they should be are left out: of ten thousand, those that somebody
 * touched are what one wants to see.
 */
export function driftText({ state, counted }: Pick<Reading, "state" | "counted">, wanted: Program): string {
  const change = delta(state, wanted);
  const ip = familyTexts("iptables", "ip", state.ip, counted.ip, wanted.ip, change.ip);
  const ip6 =
    state.ip6 && counted.ip6 && change.ip6
      ? familyTexts("ip6tables", "ip -6", state.ip6, counted.ip6, wanted.ip6 ?? NOTHING, change.ip6)
      : { wanted: [], found: [] };
  const sets = setTexts(state.sets ?? [], wanted.sets ?? [], change.sets);
  const text = (lines: string[]) => lines.map((line) => `${line}\n`).join("");
  return unifiedDiff(
    { name: "wanted", text: text([...sets.wanted, ...ip.wanted, ...ip6.wanted]) },
    { name: "found", text: text([...sets.found, ...ip.found, ...ip6.found]) },
    SEARCH_MS,
  );
}

/** Networks of a set that are named; what else differs is in their number. */
const NETWORKS = 20;

/** Of a set that differs its size, and the first networks that only one side has. */
function setTexts(
  found: readonly SetState[],
  wanted: readonly NetworkSet[],
  { make, remove }: SetsDelta,
): Texts {
  const differ = new Set([...make, ...remove].map(({ name }) => name));
  const lines = (sets: readonly NetworkSet[], others: readonly NetworkSet[]) =>
    sets
      .filter(({ name }) => differ.has(name))
      .flatMap((set) => {
        const other = new Set(others.find(({ name }) => name === set.name)?.networks ?? set.networks);
        const own = set.networks.filter((network) => !other.has(network)).slice(0, NETWORKS);
        return [`# set ${describeSet(set)}`, ...own.map((network) => `ipset add ${set.name} ${network}`)];
      });
  return { wanted: lines(wanted, found), found: lines(found, wanted) };
}

type Texts = { wanted: string[]; found: string[] };

function familyTexts(
  tables: string,
  ip: string,
  state: FamilyState,
  counted: FamilyCounted,
  program: FamilyProgram,
  change: FamilyDelta,
): Texts {
  const differ = new Set([...change.added, ...change.removed, ...change.changed]);
  const chainLines = (chains: { name: string; rules: string[] }[]) =>
    chains
      .filter(({ name }) => differ.has(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap(({ name, rules }) => [
        `${tables} -t mangle -N ${name}`,
        ...rules.map((words) => `${tables} -t mangle -A ${name} ${words}`),
      ]);
  const routingLines = ({ ipRules, routes }: Pick<FamilyState, "ipRules" | "routes">) => [
    ...ipRules.map((rule) => `${ip} rule add ${describeIpRule(rule)}`).sort(),
    ...routes.map((route) => `${ip} route add ${describeRoute(route)}`).sort(),
  ];
  const wantedChains = program.chains.map(({ name, rules }) => ({
    name,
    rules: rules.map(({ words }) => words),
  }));
  return {
    wanted: [
      ...program.hooks.map(({ chain, words }) => `${tables} -t mangle -A ${chain} ${words}`),
      ...chainLines(wantedChains),
      ...routingLines(program),
    ],
    found: [
      ...hookLines(tables, state, counted, program),
      ...chainLines(state.chains),
      ...routingLines(state),
    ],
  };
}

/** In the order of the program. A jump that others have moved is told by what stands on the wrong side of it. */
function hookLines(
  tables: string,
  { hooks }: FamilyState,
  counted: FamilyCounted,
  program: FamilyProgram,
): string[] {
  const order: string[] = program.hooks.map(({ chain }) => chain);
  const found = hooks.map((hook, at) => ({ ...hook, beside: counted.hooks[at] ?? { before: 0, behind: 0 } }));
  return found
    .sort((a, b) => order.indexOf(a.chain) - order.indexOf(b.chain))
    .flatMap(({ chain, words, place, beside }) => {
      const right = program.hooks.find((hook) => hook.chain === chain)?.place;
      const misplaced = right !== undefined && place !== "only" && place !== right;
      const [count, side] = right === "first" ? [beside.before, "before it"] : [beside.behind, "behind it"];
      return [
        `${tables} -t mangle -A ${chain} ${words}`,
        ...(misplaced ? [`# out of place in ${chain}: ${rulesOfOthers(count)} ${side}`] : []),
      ];
    });
}

function rulesOfOthers(count: number): string {
  return count === 1 ? "1 rule of others stands" : `${count} rules of others stand`;
}

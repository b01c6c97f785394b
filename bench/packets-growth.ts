/**
 * How the cost of a packet grows with what a config holds: `node bench/packets-growth.ts [all]`
 *
 * In each row one thing grows, in routers side by side that take turns with one without rules. A cell holds the size, and
 * the nanoseconds that a packet takes longer than without rules: to the last flow (or entry of a list), to none, and to
 * all at random. Without `all` two sizes of each, in IPv4.
 */
import { LARGE_LIST } from "@flowmgr/flow-model";
import { machine } from "./machine.ts";
import {
  type BenchConfig,
  destinationsOf,
  randomFlows,
  TRAFFIC,
  type Traffic,
  textOf,
} from "./packet-flows.ts";
import { type Family, type Line, makeLine } from "./packet-line.ts";
import { type Backend, OPTIONS, ourTexts, restoring } from "./packet-shapes.ts";
import { type Against, against, nanoseconds, noise, type Turns, unrest } from "./packet-turns.ts";

type Growing = {
  what: string;
  sizes: number[];
  /** A text, and the flows or entries in it that packets can go to. */
  of(size: number, family: Family): { text: string; config: BenchConfig };
  largeList?: number;
};

const flowsWith = (config: BenchConfig) => ({ config, text: textOf(config) });

/** One flow for a list of destinations, and one for each of them to aim at. */
function list(size: number, family: Family): { text: string; config: BenchConfig } {
  const config = randomFlows(size, 0, family);
  const addresses = config.flows.flatMap(({ dst }) => dst ?? []);
  return { config, text: `flow listed permit match dst { ${addresses.join(", ")} }` };
}

const ports = (size: number) =>
  Array.from({ length: size }, (_, at) => (at === size - 1 ? 53 : 6000 + 7 * at));

const GROWING: Growing[] = [
  {
    what: "flows, four rules each",
    sizes: [10, 100, 1000, 10_000],
    of: (size, family) => flowsWith(randomFlows(size, 0, family)),
  },
  {
    what: "rules of each of 100 flows",
    sizes: [1, 4, 16, 64, 256],
    of: (size, family) => flowsWith(randomFlows(100, 0, family, ports(size))),
  },
  {
    what: "flows of any destination among 1000",
    sizes: [0, 1, 10, 32, 100, 316],
    of: (size, family) => flowsWith(randomFlows(1000, size, family)),
  },
  { what: "addresses of a list, as rules", sizes: [1, 10, 100, 1000, 4000], of: list },
  {
    what: "addresses of a list, as it is applied",
    sizes: [1, 10, 100, 1000, 10_000, 100_000],
    of: list,
    largeList: LARGE_LIST,
  },
];

const isWhole = process.argv.includes("all");
const turns: Turns = { seconds: 0.04, rounds: isWhole ? 7 : 5 };

function say(columns: readonly string[]): void {
  process.stdout.write(`| ${columns.join(" | ")} |\n`);
}

async function load(line: Line, { of, largeList }: Growing, size: number, backend: Backend, family: Family) {
  const { text, config } = of(size, family);
  const { sets, restore } = ourTexts(text, family, { ...OPTIONS, ...(largeList && { largeList }) });
  if (sets !== "") await line.router(["ipset", "restore"], sets);
  const { argv, stdin } = restoring(restore, backend, family);
  await line.router(argv, stdin);
  return (traffic: Traffic) => destinationsOf(config, traffic).slice(0, 10_000);
}

async function grow(growing: Growing, backend: Backend, family: Family): Promise<void> {
  const sizes = isWhole
    ? growing.sizes
    : growing.sizes.filter((_, at, { length }) => at === 1 || at === length - 1);
  const bare = await makeLine();
  const loaded: { line: Line; to: (traffic: Traffic) => string[] }[] = [];
  for (const size of sizes) {
    const line = await makeLine();
    loaded.push({ line, to: await load(line, growing, size, backend, family) });
  }
  const found: Against[][] = [];
  for (const { line, to } of loaded) {
    const each: Against[] = [];
    for (const traffic of TRAFFIC) each.push(...(await against(bare, [line], family, to(traffic), turns)));
    found.push(each);
  }
  const cells = found.map((each, at) => `${sizes[at]}: ${nanoseconds(each)}`);
  say([`${backend}, IPv${family}`, growing.what, cells.join("<br>"), unrest(found.flat())]);
  for (const line of [bare, ...loaded.map(({ line }) => line)]) await line.remove();
}

console.log(machine("iptables", "ipset", "perl"));
const start = performance.now();
for (const family of [4, 6] as const) {
  const bare = await makeLine();
  console.log(await noise(bare, family, turns));
  await bare.remove();
}
say(["", "what grows", "size: last, none, random; ns", "±"]);
say(["---", "---", "---", "---"]);
for (const growing of GROWING) {
  for (const backend of ["nft", "legacy"] as const) {
    for (const family of isWhole ? ([4, 6] as const) : ([4] as const)) await grow(growing, backend, family);
  }
}
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);

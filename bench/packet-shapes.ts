/**
 * The ways to find the flow of a packet that are held against each other; each is text for a command that loads it. All
 * iptables shapes share the chains of the flows, and differ in what leads there.
 */
import { type CompileOptions, compile, delta, type Program, renderSets } from "@flowmgr/flow-compiler";
import { BITS, parse, parseIPv4, parseIPv6, printBits } from "@flowmgr/flow-model";
import { type BenchConfig, type BenchFlow, textOf } from "./packet-flows.ts";
import type { Family } from "./packet-line.ts";

export const SHAPES = ["a jump a flow", "guarded", "ours", "leaf trie", "verdict map"] as const;
export type Shape = (typeof SHAPES)[number];
export type Backend = "nft" | "legacy";

export type Loaded = { argv: string[]; stdin: string };

export const OPTIONS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "off",
};
const ROW = { longestRow: Number.POSITIVE_INFINITY, dearRow: Number.POSITIVE_INFINITY, cheapRow: 0 };

/** What loads a config in a shape; null where the shape has no say: no map in legacy, a trie beyond what a lab built. */
export function loading(shape: Shape, config: BenchConfig, backend: Backend, family: Family): Loaded | null {
  if (shape === "verdict map") {
    const isPlain = config.flows.every(({ dst }) => dst !== null);
    return backend === "nft" && isPlain
      ? { argv: ["nft", "-f", "-"], stdin: verdictMap(config.flows, family) }
      : null;
  }
  const ours = restoreOf(textOf(config), family, shape === "ours");
  const stdin =
    shape === "a jump a flow"
      ? ours.replace(/^-A FLOWS .*(-j @\S+)$/gm, "-A FLOWS $1")
      : shape === "leaf trie"
        ? leafTrie(ours, config.flows, family)
        : ours;
  return stdin === null ? null : restoring(stdin, backend, family);
}

/** The command for a text of iptables-restore; what the table held before goes. */
export function restoring(stdin: string, backend: Backend, family: Family): Loaded {
  return { argv: [`${family === 4 ? "iptables" : "ip6tables"}-${backend}-restore`, "-w", "60"], stdin };
}

/** What our compiler makes of a text: with a tree where it finds one worth while, or with one row of guarded jumps. */
function restoreOf(text: string, family: Family, tree: boolean): string {
  return ourTexts(text, family, tree ? OPTIONS : { ...OPTIONS, dispatch: ROW }).restore;
}

/** For `ipset restore`, "" where lists are short or `largeList` is not given, and for iptables-restore. */
export function ourTexts(
  text: string,
  family: Family,
  options: CompileOptions = OPTIONS,
): { sets: string; restore: string } {
  const program: Program = compile(parse(text).config, { directors: {}, tables: {} }, options);
  const nothing = { chains: [], hooks: [], ipRules: [], routes: [] };
  const name = family === 4 ? "ip" : "ip6";
  const restore = delta({ ip: nothing, ip6: nothing }, program)[name]?.restore ?? "";
  return { sets: renderSets(program, name), restore };
}

function verdictMap(flows: readonly BenchFlow[], family: Family): string {
  const [type, field, table] =
    family === 4 ? ["ipv4_addr", "ip daddr", "ip"] : ["ipv6_addr", "ip6 daddr", "ip6"];
  const chains = flows.map(
    ({ name, ports }) =>
      `chain ${name} { ${ports.map((port) => `udp dport ${port} counter accept`).join("; ")}; }`,
  );
  const elements = flows.map(({ name, dst }) => `${dst} : jump ${name}`).join(", ");
  return `table ${table} flows\ndelete table ${table} flows\ntable ${table} flows {\n${chains.join("\n")}
map m { type ${type} : verdict; elements = { ${elements} } }
chain in { type filter hook prerouting priority mangle; ${field} vmap @m; }\n}\n`;
}

/** Flows up to which a leaf trie does not part any more, and the jumps that it may copy. */
const LEAF = 16;
const MOST_COPIES = 100_000;

type Addressed = { bits: bigint; at: number };

/**
 * The plainer design that ours is held against, for flows of one address each: a path-compressed trie by four bits of
 * the destination, leaves of up to 16 flows in their order, and in each leaf, and behind the trie, the flows of any
 * destination, each behind its port. Null where these copies are too many.
 */
function leafTrie(row: string, flows: readonly BenchFlow[], family: Family): string | null {
  const width = BITS[family];
  const wild = flows.flatMap(({ dst }, at) => (dst === null ? [at] : []));
  const chains: string[][] = [];
  const jump = (at: number) => {
    const { name = "", dst = null, ports = [] } = flows[at] ?? {};
    return dst === null ? `-p udp -m udp --dport ${ports[0]} -j @${name}` : `-d ${dst} -j @${name}`;
  };
  const chain = (rules: string[]) => `T${chains.push(rules) - 1}`;
  const rest = wild.length > 0 ? [`-g ${chain(wild.map(jump))}`] : [];
  const leaf = (ats: number[]) => chain([...ats, ...wild].sort((a, b) => a - b).map(jump));
  const node = (all: readonly Addressed[]): string => {
    if (all.length <= LEAF) return leaf(all.map(({ at }) => at));
    const common = commonLength(all, width);
    const next = ({ bits }: Addressed) => (bits >> BigInt(width - common - 4)) & 15n;
    const parts = Array.from({ length: 16 }, (_, nibble) =>
      all.filter((one) => next(one) === BigInt(nibble)),
    );
    const down = parts
      .filter((part) => part.length > 0)
      .map((part) => {
        const length = commonLength(part, width);
        const low = BigInt(width - length);
        return `-d ${printBits(family, ((part[0]?.bits ?? 0n) >> low) << low)}/${length} -g ${node(part)}`;
      });
    return chain([...down, ...rest]);
  };
  const top = node(flows.flatMap(({ dst }, at) => (dst === null ? [] : { bits: bitsOf(dst), at })));
  if (chains.length * wild.length > MOST_COPIES) return null;
  const declared = chains.map((_, at) => `:T${at} - [0:0]\n`).join("");
  const filled = chains.flatMap((rules, at) => rules.map((rule) => `-A T${at} ${rule}\n`)).join("");
  return row
    .replace(/^-A FLOWS .*\n/gm, "")
    .replace("*mangle\n", `*mangle\n${declared}`)
    .replace("COMMIT", `${filled}-A FLOWS -g ${top}\nCOMMIT`);
}

const bitsOf = (address: string) => BigInt(parseIPv4(address) ?? parseIPv6(address) ?? 0);

/** Bits that all begin with, in whole nibbles; of one address all of them. */
function commonLength(all: readonly Addressed[], width: number): number {
  const first = all[0]?.bits ?? 0n;
  const differing = all.reduce((found, { bits }) => found | (bits ^ first), 0n);
  const alike = differing === 0n ? width : width - differing.toString(2).length;
  return alike - (alike % 4);
}

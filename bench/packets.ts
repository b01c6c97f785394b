/**
 * What flows cost a packet: as many packets as the machine can make go into a namespace with rules, and by turns into
 * one without; the ratio of how many came through is told. `node bench/packets.ts [flows ...]`
 *
 * Shapes: a jump for each flow without a guard, the same row with guards, our dispatch, and (nft alone) a native
 * verdict map of destinations, which iptables cannot say. Sending costs as much in both, so 0.5 means that judging
 * takes as long as making, sending and receiving a packet.
 */
import { cpus, release } from "node:os";
import { type CompileOptions, compile, delta, type FamilyName, type Program } from "@flowmgr/flow-compiler";
import { type Packet, parse, parsePacketLine } from "@flowmgr/flow-model";
import { makeNamespace, type TestNamespace } from "@flowmgr/kernel/testing";

const OPTIONS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "off",
};
const ROW = { longestRow: Number.POSITIVE_INFINITY, cheapRow: 0 };
/** Seconds of one measurement, and how many are paired. */
const SECONDS = 0.4;
const ROUNDS = 3;

/** Linear congruential, of Numerical Recipes: the same flows on every machine. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Made = { text: string; destinations: string[] };

/** Flows of four rules for one destination each, at random; among them, evenly, flows for a port of any destination. */
function flowsOf(count: number, wildcards: number, family: FamilyName): Made {
  const random = numbers(count + wildcards);
  const part = (most: number) => Math.floor(random() * most);
  const address = () =>
    family === "ip"
      ? `${1 + part(223)}.${part(256)}.${part(256)}.${part(256)}`.replace(/^127\./, "126.")
      : `2001:db8:${part(65_536).toString(16)}:${part(65_536).toString(16)}::${(1 + part(65_535)).toString(16)}`;
  const destinations = [...new Set(Array.from({ length: count }, address))];
  const flows = destinations.map((dst, at) => {
    const rules = [80, 443, 25, 53].map((port) => `match proto tcp dst ${dst} dstport ${port}`);
    return `flow f${at} permit ${rules.join(" ")}`;
  });
  const every = Math.ceil(flows.length / Math.max(1, wildcards));
  for (let at = 0; at < wildcards; at += 1) {
    flows.splice(at * (every + 1), 0, `flow w${at} deny match proto tcp dstport ${5000 + 7 * at}`);
  }
  return { text: flows.join("\n"), destinations };
}

type Shape = "a jump a flow" | "guarded" | "ours" | "verdict map";

function restoreText(program: Program, family: FamilyName): string {
  const nothing = { chains: [], hooks: [], ipRules: [], routes: [] };
  return delta({ ip: nothing, ip6: nothing }, program)[family]?.restore ?? "";
}

function textOf(shape: Shape, { text, destinations }: Made, family: FamilyName): string {
  if (shape === "verdict map") return verdictMap(destinations, family);
  const { config } = parse(text);
  const options = shape === "ours" ? OPTIONS : { ...OPTIONS, dispatch: ROW };
  const restore = restoreText(compile(config, { directors: {}, tables: {} }, options), family);
  return shape === "a jump a flow" ? restore.replace(/^-A FLOWS -d .* (-j @f)/gm, "-A FLOWS $1") : restore;
}

function verdictMap(destinations: readonly string[], family: FamilyName): string {
  const [type, field] = family === "ip" ? ["ipv4_addr", "ip daddr"] : ["ipv6_addr", "ip6 daddr"];
  const chains = destinations.map(
    (_, at) => `chain f${at} { ${[80, 443, 25, 53].map((port) => `tcp dport ${port} accept`).join("; ")}; }`,
  );
  const elements = destinations.map((dst, at) => `${dst} : jump f${at}`).join(", ");
  return `table ${family} flows {\n${chains.join("\n")}\nmap m { type ${type} : verdict; elements = { ${elements} } }
chain in { type filter hook prerouting priority mangle; ${field} vmap @m; }\n}\n`;
}

function packetsTo(made: Made, traffic: Traffic, family: FamilyName): Packet[] {
  const random = numbers(7);
  const { destinations } = made;
  const elsewhere = family === "ip" ? "240.1.2.3" : "3fff::1";
  const to =
    traffic === "last flow"
      ? [destinations.at(-1) ?? elsewhere]
      : traffic === "no flow"
        ? [elsewhere]
        : Array.from(
            { length: 512 },
            () => destinations[Math.floor(random() * destinations.length)] ?? elsewhere,
          );
  return to.map((dst) => {
    const line =
      family === "ip"
        ? `tcp 198.51.100.7:4000 -> ${dst}:53 in eth0`
        : `tcp [2001:db8::7]:4000 -> [${dst}]:53 in eth0`;
    const packet = parsePacketLine(line);
    if ("error" in packet) throw new Error(`${line}: ${packet.error.message}`);
    return packet.ok;
  });
}

const TRAFFIC = ["last flow", "no flow", "random"] as const;
type Traffic = (typeof TRAFFIC)[number];

async function rate(namespace: TestNamespace, packets: readonly Packet[]): Promise<number> {
  const end = namespace.stream("eth0", packets);
  await new Promise((resolve) => setTimeout(resolve, 1000 * SECONDS));
  const { packets: count, seconds } = await end();
  return count / seconds;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Ratios of the three kinds of traffic, and ns that a packet takes longer. */
async function measure(backend: string, family: FamilyName, shape: Shape, made: Made): Promise<string> {
  const [ruled, bare] = [await makeNamespace(), await makeNamespace()];
  try {
    for (const one of [ruled, bare]) await one.wire("eth0");
    const tool =
      shape === "verdict map"
        ? ["nft", "-f", "-"]
        : [`${family === "ip" ? "iptables" : "ip6tables"}-${backend}-restore`, "--noflush", "-w", "30"];
    await ruled.must(tool, { stdin: textOf(shape, made, family) });
    const told: string[] = [];
    for (const traffic of TRAFFIC) {
      const packets = packetsTo(made, traffic, family);
      const [ratios, added]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round += 1) {
        const [without, withRules] = [await rate(bare, packets), await rate(ruled, packets)];
        ratios.push(withRules / without);
        added.push(1e9 / withRules - 1e9 / without);
      }
      told.push(`${traffic} ${median(ratios).toFixed(2)} (${median(added).toFixed(0)} ns)`);
    }
    return told.join(", ");
  } finally {
    await ruled.remove();
    await bare.remove();
  }
}

const sizes = process.argv.slice(2).map(Number);
process.stdout.write(`Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model}\n`);
for (const backend of ["nft", "legacy"]) {
  for (const family of ["ip", "ip6"] as const) {
    for (const wildcards of family === "ip" ? [0, 10, 100] : [0]) {
      for (const count of sizes.length > 0 ? sizes : [10, 100, 1000, 10_000]) {
        const made = flowsOf(count, wildcards, family);
        const shapes: Shape[] =
          wildcards > 0 || family === "ip6" ? ["guarded", "ours"] : ["a jump a flow", "guarded", "ours"];
        if (backend === "nft" && wildcards === 0) shapes.push("verdict map");
        for (const shape of shapes) {
          const told = await measure(backend, family, shape, made);
          process.stdout.write(`${backend} ${family}, ${count} flows + ${wildcards}, ${shape}: ${told}\n`);
        }
      }
    }
  }
}

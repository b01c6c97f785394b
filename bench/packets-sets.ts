/**
 * From which size on one lookup in an ipset is cheaper than a row of rules: `node bench/packets-sets.ts [all]`
 *
 * Each line is a way to ask a packet's destination; what comes behind is MARK and ACCEPT as for a director, or ACCEPT
 * alone. Told are the nanoseconds that a packet takes longer than in a router without tables, the last entry being its own,
 * and none: the middle of the rounds, and between what its half lies. The row of no rules is what the table costs.
 */
import { machine } from "./machine.ts";
import { type Line, makeLine } from "./packet-line.ts";
import { type Backend, restoring } from "./packet-shapes.ts";
import { against, type Spread, type Turns } from "./packet-turns.ts";

const isWhole = process.argv.includes("all");
const turns: Turns = { seconds: 0.03, rounds: isWhole ? 7 : 5 };
const ROWS = isWhole ? [0, 1, 8, 16, 32, 64, 128, 256] : [0, 8, 32, 64];
const SETS = isWhole ? [64, 1000, 10_000, 100_000] : [64, 10_000];

/** `values` as a rule takes them, the last of which holds `hit`. */
type List = { values: string[]; hit: string };

const address = (bits: number) => [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");

/** In 10.0.0.0/8, no two of them neighbours; distinct, since the factor is odd. */
const scattered = (at: number) => 0x0a00_0000 | (((Math.imul(at + 1, 0x9e37_79b1) >>> 0) & 0x7f_ffff) * 2);

function addresses(size: number): List {
  const values = Array.from({ length: size }, (_, at) => address(scattered(at)));
  return { values, hit: values.at(-1) ?? address(scattered(0)) };
}

/** /8 in 64.0.0.0/2, /16 in 32.0.0.0/3, /24 in 9.0.0.0/8, and single addresses, so that none is in another. */
function networks(size: number): List {
  const values = Array.from({ length: size - 1 }, (_, at) => {
    const bits = Math.imul(at >> 2, 0x9e37_79b1) >>> 0;
    const [base, mask, length] = [
      [0x4000_0000, 0x1f00_0000, 8],
      [0x2000_0000, 0x1fff_0000, 16],
      [0x0900_0000, 0x00ff_ff00, 24],
      [scattered(at), 0, 32],
    ][at % 4] ?? [0, 0, 0];
    return `${address(((base ?? 0) | (bits & (mask ?? 0))) >>> 0)}/${length}`;
  });
  const hit = address(scattered(size));
  return { values: [...new Set([...values, hit])], hit };
}

function ranges(size: number): List {
  const last = (at: number) => address(0x0a10_0000 + at * 300 + 99);
  const values = Array.from({ length: size }, (_, at) => `${address(0x0a10_0000 + at * 300)}-${last(at)}`);
  return { values, hit: last(size - 1) };
}

type Way = { name: string; rules: string[]; set?: string; hit: string };

const ENDS = { ACCEPT: ["ACCEPT"], "MARK, ACCEPT": ["MARK --set-xmark 0x100/0xff00", "ACCEPT"] };

function rows(kind: string, test: string, of: (size: number) => List, end: keyof typeof ENDS): Way[] {
  return ROWS.map((size) => {
    const { values, hit } = of(size);
    const rules = values.flatMap((value) => ENDS[end].map((target) => `${test} ${value} -j ${target}`));
    return { name: `${size} rules, ${kind}, ${end}`, rules, hit };
  });
}

function sets(kind: string, type: string, of: (size: number) => List, end: keyof typeof ENDS): Way[] {
  return SETS.map((size) => {
    const { values, hit } = of(size);
    const rules = ENDS[end].map((target) => `-m set --match-set s dst -j ${target}`);
    const filled = values.map((value) => `add s ${value}\n`).join("");
    return {
      name: `${type} of ${size} ${kind}, ${end}`,
      rules,
      set: `create s ${type} maxelem 400000\n${filled}`,
      hit,
    };
  });
}

function ways(): Way[] {
  const ends = ["ACCEPT", "MARK, ACCEPT"] as const;
  return [
    ...ends.flatMap((end) => [
      ...rows("addresses", "-d", addresses, end),
      ...sets("addresses", "hash:ip", addresses, end),
      ...sets("addresses", "hash:net", addresses, end),
      ...sets("/8 /16 /24 /32", "hash:net", networks, end),
    ]),
    ...rows("ranges", "-m iprange --dst-range", ranges, "ACCEPT"),
    ...sets("ranges", "hash:net", ranges, "ACCEPT"),
  ];
}

async function load(line: Line, backend: Backend, { rules, set }: Way): Promise<void> {
  const restore = (lines: string[]) => {
    const { argv, stdin } = restoring(`*mangle\n${lines.join("\n")}\nCOMMIT\n`, backend, 4);
    return line.router(argv, stdin);
  };
  await restore([]);
  await line.router(["ipset", "destroy"]);
  if (set !== undefined) await line.router(["ipset", "restore"], set);
  await restore(rules.map((rule) => `-A PREROUTING ${rule}`));
}

const told = ({ low, middle, high }: Spread) => `${[low, middle, high].map(Math.round).join(" .. ")}`;

console.log(machine("iptables", "ipset", "perl"));
for (const backend of ["nft", "legacy"] as const) {
  const [bare, ruled] = [await makeLine(), await makeLine()];
  for (const way of ways()) {
    await load(ruled, backend, way);
    const [last] = await against(bare, [ruled], 4, [way.hit], turns);
    const [none] = await against(bare, [ruled], 4, ["203.0.113.1"], turns);
    if (last && none) console.log(`| ${backend} | ${way.name} | ${told(last.added)} | ${told(none.added)} |`);
  }
  for (const line of [bare, ruled]) await line.remove();
}

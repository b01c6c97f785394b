/**
 * Whatever others have on a machine, and whatever we do: theirs is the same, byte for byte, after each step.
 *
 * A random walk of two parties. Others add chains (also with names of our shape), rules before and behind our jumps in
 * all tables, `ip rule`s, routes, sets and native nft tables, in both families; we apply, reorder, repair what somebody
 * damaged, empty, start anew, uninstall. `FLOWMGR_SEED=number` repeats a walk, `FLOWMGR_RUNS=number` takes more.
 */
import { OUR_PRIORITY } from "@flowmgr/flow-compiler";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openKernel, uninstall } from "../src/index.ts";
import { makeNamespace, type TestNamespace } from "../src/testing.ts";
import { BACKENDS, type Backend, plain, program, scratch } from "./lab.ts";

const SEED = Number(process.env.FLOWMGR_SEED ?? 20_261_128);
const RUNS = Number(process.env.FLOWMGR_RUNS ?? 2);

const OURS = [
  "flow our1 permit match proto tcp dstport 22\nflow our2 deny match not proto { tcp, gre } src 10.0.0.0/8",
  "flow our2 deny match not proto { tcp, gre } src 10.0.0.0/8\nflow our1 permit match proto tcp dstport 22",
  "flow our2 director d match dst 10.1.1.1 proto tcp dstport 25 match dst fd01::1\nflow our1 table 77 match iface lo",
  "outflow our3 table 78 match dst { 10.7.0.0/16, fd07::/16 }\nflow our1 deny match proto icmp6 icmptype 135",
  "",
];

/** Lines of iptables-save about what these configs make; others' names below are none of these. */
const OUR_LINE =
  /^(:|-A )((OUT)?FLOWS(-lo|-neighbours|-lo-neighbours)?|DIRECTORS|DEFRAGMENT|@our\d|@@[0-9a-f]{16}) |^-A (PREROUTING|OUTPUT|INPUT) -m comment --comment flowmgr -j (FLOWS|OUTFLOWS|DIRECTORS)$/;
/** Of `ip`: rules of our protocol that ask for a mark and nothing else, and routes in our range of tables. */
const OUR_ROUTING = /from all fwmark \S+ lookup \d+ proto 70|table 17183(539[2-9]|54[01])\d/;

const CHAINS = ["@theirs", "FLOWS-theirs", "OUTFLOWS-x", "@@0123", "DIRECTORS2", "flows", "[a:b]"];
const MATCHES = [
  "-p tcp",
  "-p udp -m udp --dport 53",
  "-m mark --mark 0x100/0xff00",
  "-m comment --comment flowmgr",
  '-m comment --comment "a \\"b -j FLOWS"',
  "-m conntrack --ctstate NEW",
  '-m string --string "a -j @our1 b" --algo bm',
  "-m recent --set --name odd",
  "-m set --match-set SET src",
  "-m u32 --u32 0x6&0xff=0x1",
];
/** The built-in chains of each table, and what a rule there may do. */
const TABLES = {
  mangle: {
    chains: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
    targets: ["-j ACCEPT", "-j DROP", "-j MARK --set-xmark 0x5/0x7"],
  },
  filter: { chains: ["INPUT", "FORWARD", "OUTPUT"], targets: ["-j ACCEPT", "-j DROP"] },
  nat: { chains: ["PREROUTING", "OUTPUT"], targets: ["-j ACCEPT", "-j RETURN"] },
  raw: { chains: ["PREROUTING", "OUTPUT"], targets: ["-j ACCEPT", "-j NOTRACK"] },
};
type Table = keyof typeof TABLES;

/** Behind `ip rule add`; each gets a priority of its own. */
const ROUTING = [
  "fwmark 0x100/0xff00 lookup 77",
  "fwmark 0x5 lookup 90 protocol 42",
  "iif lo lookup 91 protocol 70",
  "not fwmark 0x1 lookup 77",
];

type Rule = { table: Table; chain: string; first: boolean; match: string; target: string };
/** One batch of what others do, or one step of ours. */
type Step =
  | { do: "theirs"; rules: Rule[]; routing: string[] }
  | { do: "apply"; config: number }
  | { do: "damage" | "restart" | "uninstall" };

/** A rule in a chain of theirs leads to no other chain, so that there is no loop. */
const anyRule: fc.Arbitrary<Rule> = fc
  .constantFrom<Table>("mangle", "mangle", "mangle", "filter", "nat", "raw")
  .chain((table) => {
    const { chains, targets } = TABLES[table];
    const leading = CHAINS.map((name) => `-j ${name}`);
    const common = { table: fc.constant(table), first: fc.boolean(), match: fc.constantFrom(...MATCHES) };
    return fc.oneof(
      fc.record({
        ...common,
        chain: fc.constantFrom(...chains),
        target: fc.constantFrom("", ...targets, ...leading),
      }),
      fc.record({
        ...common,
        chain: fc.constantFrom(...CHAINS),
        target: fc.constantFrom("", ...targets),
      }),
    );
  });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("apply" as const), config: fc.nat(OURS.length - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("theirs" as const),
      rules: fc.array(anyRule, { minLength: 1, maxLength: 6 }),
      routing: fc.array(fc.constantFrom(...ROUTING), { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("damage", "restart", "uninstall") }) },
);

type Place = { ns: TestNamespace; backend: Backend; dataDir: string };

const tools = (backend: string) => [`iptables-${backend}`, `ip6tables-${backend}`];

/** What there is before we come: chains, sets, tables of nft's own, routes, and each kind of rule once. */
async function furnish(place: Place): Promise<void> {
  const { ns, backend } = place;
  await ns.must(["ipset", "restore"], {
    stdin:
      "create s4 hash:ip\nadd s4 10.0.0.1\ncreate s6 hash:ip family inet6\nadd s6 fd00::1\ncreate flowmgr list:set\n",
  });
  const native = [
    "add table inet theirs",
    "add set inet theirs a { type ipv4_addr; elements = { 10.0.0.1 } ; }",
    "add chain inet theirs FLOWS { type filter hook prerouting priority -150; }",
    "add rule inet theirs FLOWS ip saddr @a tcp dport vmap { 22 : accept } meta mark set 0x7",
    "add table ip flowmgr",
    "add chain ip flowmgr FLOWS",
    "add rule ip flowmgr FLOWS numgen random mod 2 vmap { 0 : accept }",
  ];
  await ns.must(["nft", "-f", "-"], { stdin: `${native.join("\n")}\n` });
  const chains = CHAINS.map((name) => `:${name} - [0:0]\n`).join("");
  const text = Object.keys(TABLES).map((table) => `*${table}\n${chains}COMMIT\n`);
  for (const tool of tools(backend))
    await ns.must([`${tool}-restore`, "--noflush"], { stdin: text.join("") });
  const elsewhere = ":@theirs - [0:0]\n-A INPUT -m comment --comment flowmgr -j @theirs\n";
  for (const tool of tools(backend === "nft" ? "legacy" : "nft")) {
    await ns.must([`${tool}-restore`, "--noflush"], { stdin: `*mangle\n${elsewhere}COMMIT\n` });
  }
  for (const [family, net] of [
    ["-4", "10.9.0.0/16"],
    ["-6", "fd09::/64"],
  ] as const) {
    const lines = [77, 90, 1_718_353_919].map((table) => `route add local ${net} dev lo table ${table}\n`);
    const blackhole = "route add blackhole default table 91\n";
    await ns.must(["ip", family, "-batch", "-"], { stdin: lines.join("") + blackhole });
  }
  const hooked = ["PREROUTING", "INPUT"].flatMap((chain) =>
    ["", "-j OUTFLOWS-x"].flatMap((target) =>
      MATCHES.map((match) => ({ table: "mangle" as const, chain, first: false, match, target })),
    ),
  );
  await theirs(place, { do: "theirs", rules: hooked, routing: ROUTING });
}

let priority = 100;

async function theirs({ ns, backend }: Place, step: Step & { do: "theirs" }): Promise<void> {
  const text = (set: string) =>
    step.rules.map(({ table, chain, first, match, target }) => {
      const rule = `${first ? "-I" : "-A"} ${chain} ${match.replace("SET", set)} ${target}`;
      return `*${table}\n${rule}\nCOMMIT\n`;
    });
  for (const [at, tool] of tools(backend).entries()) {
    await ns.must([`${tool}-restore`, "--noflush", "-w", "5"], { stdin: text(`s${at ? 6 : 4}`).join("") });
  }
  for (const words of step.routing) {
    priority += 1;
    for (const family of ["-4", "-6"]) {
      await ns.must(["ip", family, ...`rule add ${words} priority ${priority}`.split(" ")]);
    }
  }
}

/** What a hasty hand does to ours; where there is nothing of ours, nothing. */
async function damage({ ns, backend }: Place): Promise<void> {
  for (const tool of tools(backend)) {
    const mangle = [tool, "-w", "5", "-t", "mangle"];
    await ns.run([...mangle, "-I", "PREROUTING", "-m", "comment", "--comment", "flowmgr", "-j", "FLOWS"]);
    await ns.run([...mangle, "-D", "OUTPUT", "-m", "comment", "--comment", "flowmgr", "-j", "OUTFLOWS"]);
    await ns.run([...mangle, "-F", "FLOWS"]);
    await ns.run([...mangle, "-A", "@our1", "-j", "DROP"]);
  }
  await ns.run(["ip", "rule", "delete", "protocol", "70", "priority", String(OUR_PRIORITY)]);
}

/** All that is there, and what of it is theirs. */
async function standing({ ns }: Place): Promise<{ all: string[]; theirs: string[] }> {
  const saves = [...tools("nft"), ...tools("legacy")].map((tool) => [`${tool}-save`]);
  const routing = ["-4", "-6"].flatMap((family) => [
    ["ip", family, "-d", "rule"],
    ["ip", family, "-d", "route", "show", "table", "all"],
  ]);
  const texts = await Promise.all([...saves, ...routing, ["ipset", "save"]].map((words) => ns.must(words)));
  const ruleset = await ns.must(["nft", "--stateless", "list", "ruleset"]);
  // Of iptables-nft's own tables iptables-save tells; nft would tell of ours too.
  const native = ruleset
    .split(/^(?=table )/m)
    .filter((table) => !/^table ip6? (mangle|filter|nat|raw) /.test(table));
  const all = [...texts.map(plain), ...native].flatMap((text) => text.split("\n"));
  return { all, theirs: all.filter((line) => !OUR_LINE.test(line) && !OUR_ROUTING.test(line)) };
}

async function walk(place: Place, steps: readonly Step[]): Promise<void> {
  const { ns, backend, dataDir } = place;
  const target = { kind: "namespace", name: ns.name } as const;
  const open = () => openKernel({ target, backend, ipv6: true, dataDir });
  await furnish(place);
  let kernel = await open();
  let inForce = OURS.length - 1;
  let before = (await standing(place)).theirs;
  const last: Step[] = [{ do: "apply", config: 2 }, { do: "uninstall" }];
  for (const step of [...steps, ...last]) {
    if (step.do === "theirs") {
      await theirs(place, step);
      before = (await standing(place)).theirs;
      continue;
    }
    if (step.do === "restart") kernel = await open();
    if (step.do === "damage") await damage(place);
    if (step.do === "apply") inForce = step.config;
    if (step.do === "uninstall") await uninstall(target, dataDir);
    else await kernel.apply(program(OURS[inForce] ?? ""));
    const now = await standing(place);
    expect(now.theirs, JSON.stringify(step)).toEqual(before);
    if (step.do === "uninstall") expect(now.all).toEqual(before);
  }
}

test.each(BACKENDS)(`%s, FLOWMGR_SEED=${SEED}`, { timeout: 60_000 + RUNS * 60_000 }, async (backend) => {
  const steps = fc.array(anyStep, { minLength: 6, maxLength: 10, size: "max" });
  const property = fc.asyncProperty(steps, async (walked) => {
    const ns = await makeNamespace();
    try {
      await walk({ ns, backend, dataDir: scratch() }, walked);
    } finally {
      await ns.remove();
    }
  });
  // A shorter walk that fails too would take minutes to find.
  await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
});

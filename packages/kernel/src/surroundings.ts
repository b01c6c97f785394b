/** What an operator should know of the surroundings of our rules. Nothing here changes anything. */
import { countStanding, type TableNames, tablesIn } from "./capabilities.ts";
import { countedLines } from "./counters.ts";
import { textOf } from "./errors.ts";
import { heldSets } from "./held.ts";
import { readIpvs } from "./ipvs.ts";
import type { FamilyCounted, Link, Reading, Tally } from "./kernel.ts";
import type { ReadOptions } from "./memory.ts";
import { type Own, ownInOther } from "./move.ts";
import { HOOKED, isOurHook, isOurRule, type JsonRule } from "./ours.ts";
import {
  ask,
  type FamilyReading,
  ipRule,
  type Machine,
  type OwnReading,
  type Remembered,
  readOwn,
} from "./read.ts";
import { type SavedChain, type SavedTable, wordBehind } from "./save.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { eaten, sourceCheck } from "./source-check.ts";

/** What the interface of the package promises: the state, and what an operator should know of its surroundings. */
export async function readAll(
  machine: Machine,
  remembered: Remembered,
  counts: ReadOptions["counts"],
): Promise<Reading> {
  const { target, capabilities } = machine;
  const [own, { links, settings }, ipvs, others] = await Promise.all([
    readOwn(machine, remembered, { tables: "all", counts }),
    readSettings(machine),
    readIpvs(target),
    otherBackend(machine),
  ]);
  const ip6 = capabilities.ipv6 ? own.ip6 : null;
  const both = [own.ip, own.ip6].filter((family) => family !== null);
  return {
    state: { ip: own.ip.state, ip6: ip6?.state ?? null, sets: [...own.sets] },
    counted: { ip: counted(own.ip), ip6: ip6 && counted(ip6) },
    lines: countedLines(own),
    foreignBehind: {
      ip: beside(own.ip.mangle, "PREROUTING").behind,
      ip6: own.ip6 ? beside(own.ip6.mangle, "PREROUTING").behind : 0,
    },
    links: links.map((link) => ({ ...link, sourceCheck: sourceCheck(settings.checks, link.name) })),
    tables: settings.tables,
    routesIn: routesIn(own),
    eaten: eaten(settings.checks, own.ip.routes, own.ip.ipRules),
    ipvs,
    warnings: [
      ...capabilities.lacks,
      ...unjudged(capabilities, links),
      ...others,
      ...heldSets(own),
      ...both.flatMap(({ unread }) => unread ?? []),
    ],
    foreignMarks: distinct([
      ...both.flatMap(({ ipRules }) => ipRules.flatMap(markOfIpRule)),
      ...foreignMarks(both),
    ]),
  };
}

function counted({ state, mangle }: FamilyReading): FamilyCounted {
  const hookTallies = HOOKED.flatMap((name) =>
    (mangle.chains.get(name)?.rules ?? [])
      .filter(({ words }) => isOurHook(words))
      .map(({ packets, bytes }) => ({ packets, bytes, ...beside(mangle, name) })),
  );
  return { chains: state.chains.map(({ name }) => talliesOf(mangle.chains.get(name))), hooks: hookTallies };
}

/** Of a chain that is as it was, the same value: most are at each look. */
const tallies = new WeakMap<SavedChain, Tally[]>();

function talliesOf(chain: SavedChain | undefined): Tally[] {
  if (chain === undefined) return [];
  const found = tallies.get(chain) ?? chain.rules.map(({ packets, bytes }) => ({ packets, bytes }));
  tallies.set(chain, found);
  return found;
}

/** How many rules of others stand before and behind our first jump in a built-in chain. */
function beside(mangle: SavedTable, chain: string): { before: number; behind: number } {
  const rules = mangle.chains.get(chain)?.rules ?? [];
  const hook = rules.findIndex((rule) => isOurHook(rule.words));
  if (hook < 0) return { before: 0, behind: 0 };
  const behind = rules.slice(hook + 1).filter((rule) => !isOurHook(rule.words)).length;
  return { before: hook, behind };
}

type JsonLink = { ifname: string; flags: string[]; addr_info: { local?: string }[] };

type Seen = { links: Omit<Link, "sourceCheck">[]; settings: Settings };

async function readSettings(machine: Machine): Promise<Seen> {
  const links = await readLinks(machine);
  const names = links.map(({ name }) => name);
  return { links, settings: await settingsOf(machine.target, names) };
}

async function readLinks({ target, capabilities }: Machine): Promise<Seen["links"]> {
  const links: JsonLink[] = JSON.parse(
    await ask(target, capabilities.ip, ["ip", "-json", "address", "show"]),
  );
  return links.map(({ ifname, flags, addr_info }) => ({
    name: ifname,
    up: flags.includes("UP"),
    carrier: flags.includes("LOWER_UP"),
    addresses: addr_info.flatMap(({ local }) => local ?? []),
  }));
}

function routesIn(own: OwnReading): Reading["routesIn"] {
  const counts: Reading["routesIn"] = {};
  for (const family of ["ip", "ip6"] as const) {
    for (const route of own[family]?.routes ?? []) {
      const table = Number(route.table ?? MAIN);
      const count = counts[table] ?? { ip: 0, ip6: 0 };
      counts[table] = count;
      count[family] += 1;
    }
  }
  return counts;
}

/** Addresses by which packets get past flows that judge IPv4 only. `lo` is the machine's own. */
function unjudged({ ipv6Off }: Machine["capabilities"], links: Seen["links"]): string[] {
  const outside = links.flatMap(({ name, addresses }) =>
    name === "lo" ? [] : addresses.filter((address) => address.includes(":")),
  );
  const [first, ...more] = outside;
  if (!ipv6Off || first === undefined) return [];
  const which = more.length === 0 ? `address ${first}` : `addresses ${first} and ${more.length} more`;
  return [
    `IPv6 is not judged (--ipv6 off), but this machine has the IPv6 ${which}: a deny that IPv6 walks around is none. Start with --ipv6 on, or take IPv6 off the interfaces`,
  ];
}

/** Tables of legacy that nobody here can look into: a container may have made them in this network. */
function unseenLegacy({ capabilities: { other } }: Machine, there: TableNames | null): string[] {
  if (there === null || other.tools.length > 0) return [];
  const names = [...new Set([...there.ip, ...there.ip6])];
  if (names.length === 0) return [];
  return [
    `the kernel has tables of the legacy back end of iptables (${names.join(", ")}), and this machine has no iptables-legacy to look into them: a packet passes only what neither drops`,
  ];
}

/** What stands in the back end that flows do not use; what is ours there moves with the next apply. */
async function otherBackend(machine: Machine): Promise<string[]> {
  const { facts, other, why } = machine.capabilities;
  const place = `in the ${other.backend} back end of iptables`;
  let there: TableNames | null;
  let [count, own]: [number, Own[]] = [0, []];
  try {
    there = await tablesIn(machine.target, other.backend);
    [count, own] = await Promise.all([
      countStanding(machine.target, other.tools, there),
      ownInOther(machine, there),
    ]);
  } catch (error) {
    // Ours can be read, which is what counts.
    return [`what stands ${place} is not known: ${textOf(error)}`];
  }
  const ours = own
    .flatMap(({ chains, hooks }) => [hooks.length, ...chains.map(({ rules }) => 1 + rules.length)])
    .reduce((sum, count) => sum + count, 0);
  const others = count - ours;
  return [
    ...unseenLegacy(machine, there),
    ...(others > 0
      ? [
          `others have ${others === 1 ? "1 rule or chain" : `${others} rules and chains`} ${place}; flows use ${facts.backend}, ${why}. The kernel asks both, and a packet passes only what neither drops`,
        ]
      : []),
    ...(ours > 0
      ? [
          `flows have ${ours} rules and chains ${place} as well, perhaps restored from a file; they use ${facts.backend}. The kernel asks both; an apply or a repair takes them out`,
        ]
      : []),
  ];
}

/** RT_TABLE_MAIN of linux/rtnetlink.h. */
const MAIN = 254;

type ForeignMark = Reading["foreignMarks"][number];

function markOfIpRule(rule: JsonRule): ForeignMark[] {
  if (rule.fwmark === undefined || isOurRule(rule)) return [];
  const { mark, mask, table } = ipRule(rule);
  return [{ mark, mask, where: `ip rule to table ${table}` }];
}

const COMPARES = "--mark";

/** Options of iptables rules that set or compare the packet's mark. */
const MARK_OPTIONS = [
  "--set-xmark",
  "--set-mark",
  "--or-mark",
  "--and-mark",
  "--xor-mark",
  COMPARES,
  "--restore-mark",
];

/** A chain that is ours in one family is passed over in both. */
function foreignMarks(families: readonly FamilyReading[]): ForeignMark[] {
  const ours = new Set(families.flatMap(({ state }) => state.chains.map(({ name }) => name)));
  return families.flatMap(({ tables }) => tables.flatMap((table) => marksOfTable(table, ours)));
}

function marksOfTable(table: SavedTable, ours: ReadonlySet<string>): ForeignMark[] {
  return [...table.chains.values()].flatMap((chain) => {
    if (table.name === "mangle" && ours.has(chain.name)) return [];
    return chain.rules.flatMap(({ words }) =>
      MARK_OPTIONS.flatMap((option) => {
        const [mark, mask = "0xffffffff"] = wordBehind(words, option)?.split("/") ?? [];
        // CONNMARK --restore-mark takes no value: the word behind it is another option.
        if (mark === undefined || !Number.isInteger(Number(mark)) || !Number.isInteger(Number(mask)))
          return [];
        return [
          {
            mark: Number(mark),
            mask: Number(mask),
            where: `iptables -t ${table.name}, chain ${chain.name}`,
            ...(option === COMPARES && { compares: true as const }),
          },
        ];
      }),
    );
  });
}

function distinct(marks: ForeignMark[]): ForeignMark[] {
  return [...new Map(marks.map((mark) => [JSON.stringify(mark), mark])).values()];
}

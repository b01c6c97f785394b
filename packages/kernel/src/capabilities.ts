/** What the machine has, found once at the start, and what each lack means. */
import { existsSync } from "node:fs";
import { release } from "node:os";
import type { FamilyName } from "@flowmgr/flow-compiler";
import type { Facts } from "./kernel.ts";
import { ourHooks } from "./ours.ts";
import { askTwice, complaint, run, succeeded } from "./run.ts";
import { parseSave } from "./save.ts";
import { canTry, runInEmptyNamespace, type Target } from "./target.ts";

export type Backend = Facts["backend"];

/** The commands of one family in one back end. */
export type Tools = {
  family: FamilyName;
  /** `iptables v1.8.9 (nf_tables)` */
  version: string;
  save: readonly string[];
  /** `save`, at a moment when no counter is on its way from an old table to a new one. */
  read: readonly string[];
  /** Lists the rules of the chain of mangle that is named behind it, with counters; it holds the lock of xtables itself. */
  list: readonly string[];
  /** Reads its input as an addition to what is there, and waits for the lock of xtables. */
  restore: readonly string[];
  /** `ip` with the option of the family. */
  ip: readonly string[];
};

export type Capabilities = {
  facts: Facts;
  ip: Tools;
  /** There also when IPv6 is switched off: what an earlier run left there has to go. Null without ip6tables. */
  ip6: Tools | null;
  /** Whether programs have an IPv6 part. */
  ipv6: boolean;
  /** Whether that is so because somebody said it, on a kernel that has IPv6. */
  ipv6Off: boolean;
  /** Why the back end was chosen, to stand behind "flows use nft, ". */
  why: string;
  /** The tools of the back end that is not used, for rules there: ours, that have to move, and those of others. */
  other: { backend: Backend; tools: Tools[] };
  /** What is missing and what that means, as sentences. */
  lacks: string[];
};

/**
 * Seconds to wait for the lock of xtables: a restore of 10 000 flows holds it for one. Without `-w` the legacy tools
 * wait for ever.
 */
const LOCK_WAIT = "30";

/** Throws, with the package to install, when the machine lacks iptables or the back end asked for. */
export async function findCapabilities(
  target: Target,
  asked: Backend | "auto",
  ipv6: boolean,
): Promise<Capabilities> {
  await mustHaveTarget(target);
  const [nft, legacy] = [await findTools("nft"), await findTools("legacy")];
  if (nft.ip === null && legacy.ip === null) throw new Error("iptables is not installed (package iptables)");
  const { backend, why } =
    asked === "auto"
      ? await backendInUse(target, nft, legacy)
      : { backend: asked, why: `as --backend ${asked} says` };
  const [used, other] = backend === "nft" ? [nft, legacy] : [legacy, nft];
  if (used.ip === null) {
    throw new Error(`--backend ${backend}: this machine's iptables has only the ${other.backend} back end`);
  }
  const inKernel = existsSync("/proc/net/if_inet6");
  const ip6 = inKernel ? used.ip6 : null;
  const lacks: string[] = [];
  if (ipv6 && !inKernel) lacks.push("this kernel has no IPv6: flows judge IPv4 packets only");
  if (ipv6 && inKernel && ip6 === null) {
    lacks.push(
      `this machine has no ip6tables for the ${backend} back end, so IPv6 packets pass unjudged, whatever flows say: install it (package iptables) and start again, or start with --ipv6 off`,
    );
  }
  if (!(await canTry())) lacks.push(NO_TRIAL);
  const defragment = await hasSocketMatch(target, used.ip, ipv6 ? ip6 : null);
  if (!defragment) {
    lacks.push(
      "this kernel has no match for sockets (xt_socket): of a datagram in fragments, rules about ports and ICMP types see the first fragment only",
    );
  }
  const sets = await hasSets(target, used.ip, ipv6 ? ip6 : null);
  const facts: Facts = {
    backend,
    iptables: used.ip.version,
    kernel: `Linux ${release()}`,
    listCommand: target.words([commandOf(used.ip), "-t", "mangle", "-L", "-v", "-n"]).join(" "),
    ip6tables: ipv6 ? (ip6?.version ?? null) : null,
    defragment,
    sets,
  };
  const otherTools = [other.ip, inKernel ? other.ip6 : null].filter((tools) => tools !== null);
  return {
    facts,
    ip: used.ip,
    ip6,
    ipv6: ipv6 && ip6 !== null,
    ipv6Off: !ipv6 && inKernel,
    why,
    other: { backend: other.backend, tools: otherTools },
    lacks,
  };
}

async function mustHaveTarget(target: Target): Promise<void> {
  const ran = await target.run(["ip", "-json", "link", "show", "lo"]);
  if (succeeded(ran)) return;
  if (ran.failure === "missing") throw new Error("the command ip is not installed (package iproute2)");
  throw new Error(`${target.label} can't be entered: ${complaint(ran)}`);
}

/** `iptables-nft`, as people call it. */
const commandOf = ({ save }: Tools) => (save[0] ?? "").replace(/-save$/, "");

type Found = { backend: Backend; ip: Tools | null; ip6: Tools | null };

async function findTools(backend: Backend): Promise<Found> {
  const [ip, ip6] = await Promise.all([familyTools("ip", backend), familyTools("ip6", backend)]);
  return { backend, ip, ip6 };
}

/**
 * A legacy tool that writes puts a new table in, and gives it the old one's counters only then: who reads between the
 * two finds zeros (1 of 600 readings beside a writer). All that write hold this lock meanwhile; what reads does not.
 */
const UNDER_XTABLES_LOCK = ["flock", "--wait", LOCK_WAIT, "/run/xtables.lock"];

/** Debian names the two back ends apart; elsewhere there may be one, under the plain name. */
async function familyTools(family: FamilyName, backend: Backend): Promise<Tools | null> {
  const plain = family === "ip" ? "iptables" : "ip6tables";
  for (const name of [`${plain}-${backend}`, plain]) {
    const ran = await askTwice(() => run([name, "--version"]));
    const version = ran.stdout.trim();
    if (!succeeded(ran) || version.includes("nf_tables") !== (backend === "nft")) continue;
    return {
      family,
      version,
      save: [`${name}-save`],
      read: [...(backend === "legacy" ? UNDER_XTABLES_LOCK : []), `${name}-save`],
      list: [name, "--wait", LOCK_WAIT, "-t", "mangle", "-v", "-S"],
      restore: [`${name}-restore`, "--wait", LOCK_WAIT, "--noflush"],
      ip: ["ip", family === "ip" ? "-4" : "-6"],
    };
  }
  return null;
}

const NO_TRIAL =
  "configs are not tried before they are applied, since this process can make no network namespace (without CAP_SYS_ADMIN that takes user namespaces): what the kernel refuses shows at the apply, and the old rules stay";

/**
 * Tried in an empty namespace of the same kernel, since a module may be built in, loadable or missing. Where there is
 * none the tools only read the rule and write nothing: they ask the kernel for the match as they read.
 */
async function hasSocketMatch(target: Target, ...families: (Tools | null)[]): Promise<boolean> {
  const stdin = "*mangle\n:TRY - [0:0]\n-A TRY -m socket\nCOMMIT\n";
  const inEmpty = await canTry();
  const tried = families
    .filter((tools) => tools !== null)
    .map(({ restore }) =>
      askTwice(() =>
        inEmpty ? runInEmptyNamespace(restore, { stdin }) : target.run([...restore, "--test"], { stdin }),
      ),
    );
  return (await Promise.all(tried)).every(succeeded);
}

/**
 * Whether sets can be made and asked for. Tried in empty namespaces, one command in each: a set is made, and a rule that
 * asks for one is refused because there is none, not because nobody knows what it says. Where there are no such
 * namespaces, ipset and the kernel's part of it being there have to do.
 */
async function hasSets(target: Target, ...families: (Tools | null)[]): Promise<boolean> {
  if (!succeeded(await askTwice(() => target.run(["ipset", "list", "-name"])))) return false;
  if (!(await canTry())) return true;
  const stdin = "*mangle\n:TRY - [0:0]\n-A TRY -m set --match-set try src\nCOMMIT\n";
  const tried = families
    .filter((tools) => tools !== null)
    .map(async ({ family, restore }) => {
      const create = ["ipset", "create", "try", "hash:net", "family", family === "ip" ? "inet" : "inet6"];
      const [made, asked] = await Promise.all([
        askTwice(() => runInEmptyNamespace(create)),
        runInEmptyNamespace(restore, { stdin }),
      ]);
      return succeeded(made) && /Set try doesn't exist/.test(asked.stderr);
    });
  return (await Promise.all(tried)).every(Boolean);
}

/**
 * The one that alone holds rules or chains, whoever made them; else the one where ours stand; else the one that people
 * and programs use when they write `iptables`, since more will come by it.
 */
async function backendInUse(
  target: Target,
  nft: Found,
  legacy: Found,
): Promise<{ backend: Backend; why: string }> {
  const only = (backend: Backend, why: string) => ({ backend, why });
  if (nft.ip === null) return only("legacy", "the only one whose tools are here");
  if (legacy.ip === null) return only("nft", "the only one whose tools are here");
  const [inNft, inLegacy] = [await standing(target, nft), await standing(target, legacy)];
  if (inNft.rules > 0 !== inLegacy.rules > 0) {
    return only(inNft.rules > 0 ? "nft" : "legacy", "the only one that held rules");
  }
  if (inNft.ours !== inLegacy.ours) return only(inNft.ours ? "nft" : "legacy", "where theirs stood already");
  if (!(await kernelTakes(nft.ip)) && (await kernelTakes(legacy.ip)))
    return only("legacy", "since this kernel has no nf_tables");
  const plain = await askTwice(() => run(["iptables", "--version"]));
  const isLegacy = succeeded(plain) && !plain.stdout.includes("nf_tables");
  return only(isLegacy ? "legacy" : "nft", "as the command iptables does");
}

/** The nft tools list an empty table also on a kernel without nf_tables, so one chain is tried, out of everybody's way. */
async function kernelTakes({ restore }: Tools): Promise<boolean> {
  if (!(await canTry())) return true;
  const stdin = "*mangle\n:TRY - [0:0]\nCOMMIT\n";
  return succeeded(await askTwice(() => runInEmptyNamespace(restore, { stdin })));
}

type Standing = { rules: number; ours: boolean };

async function standing(target: Target, found: Found): Promise<Standing> {
  const tools = [found.ip, found.ip6].filter((each) => each !== null);
  return standingIn(target, tools, await tablesIn(target, found.backend));
}

/** How many rules, and chains that users made, stand in all tables of the tools' families; `there`: see `tablesIn`. */
export async function countStanding(
  target: Target,
  tools: readonly Tools[],
  there: TableNames | null,
): Promise<number> {
  return (await standingIn(target, tools, there)).rules;
}

async function standingIn(
  target: Target,
  tools: readonly Tools[],
  there: TableNames | null,
): Promise<Standing> {
  const asked = tools.filter(({ family }) => there === null || there[family].length > 0);
  const all = await Promise.all(asked.map((each) => standingOf(target, each)));
  return { rules: all.reduce((sum, { rules }) => sum + rules, 0), ours: all.some(({ ours }) => ours) };
}

async function standingOf(target: Target, tools: Tools): Promise<Standing> {
  const ran = await askTwice(() => target.run(tools.save));
  const tables = parseSave(ran.stdout);
  const chains = tables.flatMap((table) => [...table.chains.values()]);
  return {
    rules: chains.reduce((sum, chain) => sum + chain.rules.length + (chain.builtIn ? 0 : 1), 0),
    ours: tables.some((table) => table.name === "mangle" && ourHooks(table).length > 0),
  };
}

/** Names of tables, by family. */
export type TableNames = Readonly<Record<FamilyName, readonly string[]>>;

/**
 * The tables that stand in a back end. Asked for one that is not there, the legacy tools make it; those that are there
 * are listed by the kernel. Null: all may be asked for, since the nft tools make none. Throws when nobody can be asked.
 */
export async function tablesIn(target: Target, backend: Backend): Promise<TableNames | null> {
  if (backend === "nft") return null;
  const fileOf = (family: FamilyName) => `/proc/net/${family}_tables_names`;
  const ran = await target.run(["grep", "-sH", "", fileOf("ip"), fileOf("ip6")]);
  if (ran.failure !== null) throw new Error(complaint(ran));
  const names = (family: FamilyName) =>
    ran.stdout.split("\n").flatMap((line) => {
      const [file, name] = line.split(":");
      return file === fileOf(family) && name ? [name] : [];
    });
  return { ip: names("ip"), ip6: names("ip6") };
}

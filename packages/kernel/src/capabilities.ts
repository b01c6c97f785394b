/** What the machine has, found once at the start, and what each lack means. */
import { existsSync } from "node:fs";
import { release } from "node:os";
import type { FamilyName } from "@flowmgr/flow-compiler";
import type { Facts } from "./kernel.ts";
import { complaint, run, succeeded } from "./run.ts";
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
  /** The tools of the back end that is not used, to warn of rules there. */
  other: { backend: Backend; tools: Tools[] };
  /** What is missing and what that means, as sentences. */
  lacks: string[];
};

/**
 * Seconds to wait for the lock of xtables: a restore of 10 000 flows holds it for one. Without `-w` the legacy tools
 * wait for ever.
 */
const LOCK_WAIT = "30";

/** Throws, with the package to install, when the machine lacks iptables, ip6tables or the back end asked for. */
export async function findCapabilities(
  target: Target,
  asked: Backend | "auto",
  ipv6: boolean,
): Promise<Capabilities> {
  await mustHaveTarget(target);
  const [nft, legacy] = [await findTools("nft"), await findTools("legacy")];
  if (nft.ip === null && legacy.ip === null) throw new Error("iptables is not installed (package iptables)");
  const backend = asked === "auto" ? await backendInUse(target, nft, legacy) : asked;
  const [used, other] = backend === "nft" ? [nft, legacy] : [legacy, nft];
  if (used.ip === null) {
    throw new Error(`--backend ${backend}: this machine's iptables has only the ${other.backend} back end`);
  }
  const inKernel = existsSync("/proc/net/if_inet6");
  if (ipv6 && inKernel && used.ip6 === null) {
    throw new Error(
      `this machine has no ip6tables for the ${backend} back end, so IPv6 packets would pass unjudged: install it (package iptables), or start with --ipv6 off`,
    );
  }
  const ip6 = inKernel ? used.ip6 : null;
  const lacks = ipv6 && !inKernel ? ["this kernel has no IPv6: flows judge IPv4 packets only"] : [];
  if (!(await canTry())) lacks.push(NO_TRIAL);
  const defragment = await hasSocketMatch(target, used.ip, ipv6 ? ip6 : null);
  if (!defragment) {
    lacks.push(
      "this kernel has no match for sockets (xt_socket): of a datagram in fragments, rules about ports and ICMP types see the first fragment only",
    );
  }
  const facts: Facts = {
    backend,
    iptables: used.ip.version,
    kernel: `Linux ${release()}`,
    listCommand: target.words([commandOf(used.ip), "-t", "mangle", "-L", "-v", "-n"]).join(" "),
    ip6tables: ipv6 ? (ip6?.version ?? null) : null,
    defragment,
  };
  const otherTools = [other.ip, other.ip6].filter((tools) => tools !== null);
  return {
    facts,
    ip: used.ip,
    ip6,
    ipv6: ipv6 && ip6 !== null,
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
    const ran = await run([name, "--version"]);
    const version = ran.stdout.trim();
    if (!succeeded(ran) || version.includes("nf_tables") !== (backend === "nft")) continue;
    return {
      family,
      version,
      save: [`${name}-save`],
      read: [...(backend === "legacy" ? UNDER_XTABLES_LOCK : []), `${name}-save`],
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
      inEmpty ? runInEmptyNamespace(restore, { stdin }) : target.run([...restore, "--test"], { stdin }),
    );
  return (await Promise.all(tried)).every(succeeded);
}

/** The one that has rules or chains already; when neither has, or both, nft where the kernel can do that. */
async function backendInUse(target: Target, nft: Found, legacy: Found): Promise<Backend> {
  if (nft.ip === null) return "legacy";
  if (legacy.ip === null) return "nft";
  const [inNft, inLegacy] = [await standing(target, nft), await standing(target, legacy)];
  if (inNft > 0) return "nft";
  return inLegacy > 0 || !(await kernelTakes(nft.ip)) ? "legacy" : "nft";
}

/** The nft tools list an empty table also on a kernel without nf_tables, so one chain is tried, out of everybody's way. */
async function kernelTakes({ restore }: Tools): Promise<boolean> {
  if (!(await canTry())) return true;
  return succeeded(await runInEmptyNamespace(restore, { stdin: "*mangle\n:TRY - [0:0]\nCOMMIT\n" }));
}

async function standing(target: Target, found: Found): Promise<number> {
  const tools = [found.ip, found.ip6].filter((each) => each !== null);
  const counts = await Promise.all(tools.map((each) => countRules(target, each, found.backend)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How many rules, and chains that users made, stand in all tables of a family in a back end. */
export async function countRules(target: Target, tools: Tools, backend: Backend): Promise<number> {
  // Asked for a table that is not there, the legacy tools make it; those that are there are listed by the kernel.
  if (backend === "legacy") {
    const names = await target.run(["cat", `/proc/net/${tools.family}_tables_names`]);
    if (names.stdout.trim() === "") return 0;
  }
  const ran = await target.run(tools.save);
  return parseSave(ran.stdout)
    .flatMap((table) => [...table.chains.values()])
    .reduce((sum, chain) => sum + chain.rules.length + (chain.builtIn ? 0 : 1), 0);
}

/** Out of the kernel again: what `flowmgr uninstall` does, and what it says. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { KernelError, type Removed, uninstall as removeAll } from "@flowmgr/kernel";
import type { Settings } from "./settings.ts";
import { StartError } from "./start.ts";
import { DataDirError, lockDataDir } from "./store/database.ts";

/** What is asked before rules are taken out of the machine's own network. */
export function removedFromHost(): string {
  return [
    "--target host: all that flowmgr put into this machine's own network goes: its chains, its jumps to them, its ip",
    "  rules and its local routes, in both back ends of iptables and both families, and nothing else.",
    "What it denied is let through then, and connections by its directors and tables lose their way.",
  ].join("\n");
}

/**
 * Removes all that is ours from the kernel of the target and gives what was removed and what is left, in sentences.
 * Throws StartError while a server runs on the data directory, since it would put its rules back, and when the kernel
 * does not let something go.
 */
export async function uninstall({ target, data }: Settings): Promise<string[]> {
  const unlock = existsSync(join(data, "flowmgr.db")) ? claim(data) : () => undefined;
  try {
    const { removed, heldSets, namespaces } = await removeAll(target, data);
    const lines = [
      ...removed.map(describe),
      ...(namespaces.length > 0 ? [] : heldSets).map(
        (name) =>
          `set ${name}: kept, since rules of others refer to it; remove those, then call flowmgr uninstall again`,
      ),
      ...namespaces.map((name) => `network namespace ${name}: removed, with all that was in it`),
    ];
    if (lines.length === 0) lines.push(nothingIn(target));
    return [...lines, ...whatIsLeft(data)];
  } catch (error) {
    if (error instanceof Error) throw new StartError(`${error.message}${isHeld(error)}`);
    throw error;
  } finally {
    unlock();
  }
}

function claim(data: string): () => void {
  try {
    return lockDataDir(data);
  } catch (error) {
    if (!(error instanceof DataDirError)) throw error;
    throw new StartError(`${error.message}; a server that runs would put its rules back`);
  }
}

const isHeld = (error: Error) => (error instanceof KernelError ? "; then call flowmgr uninstall again" : "");

/** A server on the host had other flags than the default, and who forgets them here would believe that all is gone. */
const nothingIn = (target: Settings["target"]) =>
  target.kind === "host"
    ? "nothing of flowmgr stands in this machine's own network"
    : `nothing of flowmgr stands in network namespace ${target.name}; for this machine's own network add --target host`;

const PROTOCOL = { ip: "IPv4", ip6: "IPv6" } as const;

/** `IPv4, nft: removed 3 chains, 2 jumps` */
function describe({ backend, family, chains, jumps, ipRules, routes, sets }: Removed): string {
  const parts = [
    counted(chains, "chain"),
    counted(jumps, "jump"),
    counted(ipRules, "ip rule"),
    counted(routes, "local route"),
    counted(sets, "set"),
  ];
  return `${PROTOCOL[family]}, ${backend}: removed ${parts.flat().join(", ")}`;
}

function counted(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}${count === 1 ? "" : "s"}`];
}

function whatIsLeft(data: string): string[] {
  if (!existsSync(data)) return [];
  return [
    `${data} is kept: the draft, the history, the tokens. With it a start puts the running revision back;`,
    `  to be rid of it: rm -r ${data}`,
  ];
}

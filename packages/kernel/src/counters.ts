/** The kernel's packet and byte counters, per rule of the config. */
import { type FamilyProgram, normaliseRule, type Program } from "@flowmgr/flow-compiler";
import type { Tools } from "./capabilities.ts";
import type { Count } from "./kernel.ts";
import type { Machine } from "./read.ts";
import { readTables } from "./saved-tables.ts";

/**
 * Both families added up. Only what stands in the kernel as the program has it is counted: a rule that somebody
 * changed behind our back counts something else, and is left out. Throws Refusal when iptables-save fails.
 */
export async function counters(machine: Machine, program: Program): Promise<Count[]> {
  const { ip, ip6 } = machine.capabilities;
  const counts = new Map<string, Count>();
  await countFamily(machine, ip, program.ip, counts);
  if (program.ip6 !== null && ip6 !== null) await countFamily(machine, ip6, program.ip6, counts);
  return [...counts.values()];
}

async function countFamily(
  { target }: Machine,
  tools: Tools,
  program: FamilyProgram,
  counts: Map<string, Count>,
): Promise<void> {
  const { mangle } = await readTables(target, tools, "mangle");
  for (const chain of program.chains) {
    const found = mangle.chains.get(chain.name)?.rules ?? [];
    for (const [at, rule] of chain.rules.entries()) {
      if (!rule.counts || rule.source === undefined) continue;
      const key = JSON.stringify(rule.source);
      const sum = counts.get(key) ?? {
        source: rule.source,
        packets: 0,
        bytes: 0,
      };
      counts.set(key, sum);
      const there = found[at];
      if (there === undefined || normaliseRule(there.words, tools.family) !== rule.words) continue;
      sum.packets += there.packets;
      sum.bytes += there.bytes;
    }
  }
}

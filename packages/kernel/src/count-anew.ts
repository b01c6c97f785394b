/**
 * Counters that an apply has to know as they are, where what was read before still stands (`memory.ts`): what goes with
 * the change, and what begins to count for another rule, which must not begin with what the old one has counted. Of
 * all others nothing is lost, they go on in the kernel; and what is kept behind new rules is read behind the switch.
 */
import {
  type Delta,
  type FamilyDelta,
  type FamilyName,
  type FamilyProgram,
  isFlowChain,
  MOST_KEPT,
  type Program,
} from "@flowmgr/flow-compiler";
import type { FamilyReading, Machine, OwnReading } from "./read.ts";
import { MOST, rulesOf } from "./read-again.ts";

/** With these counters as they are now; null where that takes a whole reading. `anew`: see ApplyOptions. */
export async function countAnew(
  machine: Machine,
  found: OwnReading,
  change: Delta,
  wanted: Program,
  anew: readonly string[],
): Promise<OwnReading | null> {
  if (!found.recalled) return found;
  const flows = new Set(anew);
  const again = async (family: FamilyName): Promise<FamilyReading | null> => {
    const [reading, part, next] = [found[family], change[family], wanted[family]];
    if (reading === null || part === null || next === null) return reading;
    const names = [...emptied(reading, part), ...staying(part, next, flows)];
    return names.length > MOST ? null : withCounts(machine, reading, names, family);
  };
  const [ip, ip6] = await Promise.all([again("ip"), again("ip6")]);
  return ip === null || (ip6 === null && found.ip6 !== null) ? null : { ...found, ip, ip6 };
}

/** Chains of flows that change and are too long to be kept: they go with what they have counted. */
function emptied({ mangle }: FamilyReading, { changed }: FamilyDelta): string[] {
  const isLong = (name: string) => (mangle.chains.get(name)?.rules.length ?? 0) > MOST_KEPT;
  return changed.filter((name) => isFlowChain(name) && isLong(name));
}

/** Chains of these flows that stay as they are. */
function staying(
  { changed, added }: FamilyDelta,
  { chains }: FamilyProgram,
  flows: ReadonlySet<string>,
): string[] {
  if (flows.size === 0) return [];
  const sent = new Set([...changed, ...added]);
  return chains.flatMap(({ name, rules }) => {
    const isOne =
      isFlowChain(name) && !sent.has(name) && rules.some(({ source }) => source && flows.has(source.flow));
    return isOne ? [name] : [];
  });
}

async function withCounts(
  { target, capabilities }: Machine,
  reading: FamilyReading,
  names: readonly string[],
  family: FamilyName,
): Promise<FamilyReading | null> {
  const tools = capabilities[family];
  if (names.length === 0 || tools === null) return reading;
  const chains = new Map(reading.mangle.chains);
  for (const name of names) {
    const known = chains.get(name);
    const rules = await rulesOf(target, tools, name);
    const isSame =
      rules?.length === known?.rules.length &&
      rules?.every(({ words }, at) => words === known?.rules[at]?.words);
    if (!isSame || !rules) return null;
    chains.set(name, { name, builtIn: false, rules });
  }
  return { ...reading, mangle: { ...reading.mangle, chains } };
}

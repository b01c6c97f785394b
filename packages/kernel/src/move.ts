/**
 * A change of the back end: what is ours in the one that is no longer used moves to the one that is, as it stands.
 *
 * A packet passes both. First the same chains stand in both, so they judge it twice alike: what one lets pass the other
 * does, what is denied is denied by the first, and the mark of a director or a table is written twice. Then ours are
 * taken out of the old one. Each half is one COMMIT for a family; `ip rule`s and routes belong to no back end and stay.
 * Counters go along, without what came between reading and writing them.
 *
 * And if we die here? In each family ours stand in the old one, in both, or in the new one, each time whole; the next
 * apply moves what is left. Where both hold something of ours the new one counts, since nothing but an apply to it
 * writes there, and what stands in the old one came by a restore of saved rules.
 */
import { type FamilyName, type FamilyState, normaliseRule, plain } from "@flowmgr/flow-compiler";
import { type TableNames, type Tools, tablesIn } from "./capabilities.ts";
import { kernelError, Refusal, refusal, telling } from "./errors.ts";
import { ourChains, ourHooks } from "./ours.ts";
import type { Machine } from "./read.ts";
import { succeeded } from "./run.ts";
import type { SavedChain } from "./save.ts";
import { readTables } from "./saved-tables.ts";
import { RESTORE_LIMIT } from "./steps.ts";

/**
 * Gives whether anything had to be moved. Throws KernelError; the old rules are in force then, in one back end or in
 * both.
 */
export async function moveOver(machine: Machine): Promise<boolean> {
  const { other } = machine.capabilities;
  let outcome = "nothing was changed";
  try {
    const look = async () => ownInOther(machine, await tablesIn(machine.target, other.backend));
    const found = await look();
    if (found.length > 0) outcome = `what stands in the ${other.backend} back end is in force as before`;
    for (const own of found) await carry(machine, own);
    for (const { tools, chains, hooks } of found) {
      await restore(machine, tools, tools.restore, takingOut(chains, hooks));
    }
    const [left] = found.length === 0 ? [] : await look();
    if (left === undefined) return found.length > 0;
    const said = `rules of flows still stand in the ${other.backend} back end after they were taken out`;
    throw new Refusal(said, left.tools.family, null, said);
  } catch (error) {
    throw kernelError(error, outcome, true);
  }
}

type Hooks = FamilyState["hooks"];

/** What is ours of a family in a back end, as its tool prints it. */
export type Own = { tools: Tools; chains: SavedChain[]; hooks: Hooks };

/**
 * The families in which something of ours stands in the back end that is not used. One that cannot be read, on a kernel
 * without it or because others write there by nft, counts as empty. `there`: see `tablesIn`.
 */
export async function ownInOther(machine: Machine, there: TableNames | null): Promise<Own[]> {
  const { tools } = machine.capabilities.other;
  const all = tools.map(async (each): Promise<Own[]> => {
    if (there?.[each.family].includes("mangle") === false) return [];
    try {
      const { own } = await ownIn(machine, each);
      return own.chains.length + own.hooks.length > 0 ? [own] : [];
    } catch (error) {
      if (error instanceof Refusal) return [];
      throw error;
    }
  });
  return (await Promise.all(all)).flat();
}

/** What was remembered stood in one back end: in the other a chain of that name may be somebody else's. */
async function ownIn({ target }: Machine, tools: Tools) {
  const { mangle } = await readTables(target, tools, "mangle");
  const ours = ourChains(mangle, []);
  const users = [...mangle.chains.values()].filter(({ builtIn }) => !builtIn);
  const own: Own = { tools, chains: users.filter(({ name }) => ours.has(name)), hooks: ourHooks(mangle) };
  return { own, foreign: users.flatMap(({ name }) => (ours.has(name) ? [] : name)) };
}

/** The same chains and jumps in the back end that is used, unless something of ours stands there already. */
async function carry(machine: Machine, old: Own): Promise<void> {
  const { ip, ip6, ipv6, facts } = machine.capabilities;
  const { family } = old.tools;
  const tools = family === "ip" ? ip : ipv6 ? ip6 : null;
  if (tools === null || old.hooks.length === 0) return;
  const { own, foreign } = await ownIn(machine, tools);
  if (own.hooks.length > 0) return;
  const taken = old.chains.find(({ name }) => foreign.includes(name));
  if (taken !== undefined) {
    const said = `chain ${taken.name} of mangle in the ${facts.backend} back end exists and is not ours; rename or remove it`;
    throw new Refusal(said, family, null, said);
  }
  await restore(machine, tools, [...tools.restore, "--counters"], puttingIn(old));
  const there = await ownIn(machine, tools);
  if (meaning(there.own, family) === meaning(old, family)) return;
  throw refusal(family, null, "read back, the rules are not those that stood in the other back end");
}

/** What is compared: chains by name, rules in the one way in which we write them. */
function meaning({ chains, hooks }: Own, family: FamilyName): string {
  const byName = chains.map(({ name, rules }) => [
    name,
    rules.map(({ words }) => normaliseRule(words, family)),
  ]);
  return JSON.stringify([byName.sort(), hooks.map(({ chain, words }) => [chain, words])]);
}

/** Rules as the other tool printed them: it quotes for this one. */
function puttingIn({ chains, hooks }: Own): string {
  return table([
    ...chains.map(({ name }) => `:${plain(name)} - [0:0]`),
    ...chains.flatMap(({ name, rules }) =>
      rules.map(({ words, packets, bytes }) => `[${packets}:${bytes}] -A ${plain(name)} ${words}`),
    ),
    // Marks of others are cleared last, just before IPVS looks at them.
    ...hooks.map(({ chain, words }) => `${chain === "INPUT" ? "-A INPUT" : `-I ${chain} 1`} ${words}`),
  ]);
}

function takingOut(chains: Own["chains"], hooks: Hooks): string {
  const names = chains.map(({ name }) => plain(name));
  return table([
    ...hooks.map(({ chain, words }) => `-D ${chain} ${words}`),
    ...names.map((name) => `-F ${name}`),
    ...names.map((name) => `-X ${name}`),
  ]);
}

const table = (lines: string[]): string => ["*mangle", ...lines, "COMMIT", ""].join("\n");

async function restore({ target }: Machine, tools: Tools, argv: readonly string[], stdin: string) {
  const ran = await target.run(argv, { stdin, limit: RESTORE_LIMIT });
  if (!succeeded(ran)) throw refusal(tools.family, null, telling(ran));
}

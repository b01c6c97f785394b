/**
 * Sets of networks (ipset) in the kernel: read, made, removed. They belong to the namespace, to no back end of iptables
 * and no table, so no restore changes them together with rules. What keeps a switch atomic is that a name stands for
 * one content (flow-compiler's `sets.ts`): a set is whole before a rule asks for it, and goes when none does.
 *
 * A set of ours is known by its name: our prefix, the family, a hash. It is filled under another name and gets its own
 * only then, so one that was half made by a process that died is never taken for whole; it is left over, and goes with
 * the next apply. What somebody changed in a set that rules ask for is put right by a swap, which is one step too.
 */
import { setTimeout as pause } from "node:timers/promises";
import {
  type NetworkSet,
  renderSet,
  SET_PREFIX,
  type SetState,
  type SetsDelta,
  sameNetworks,
} from "@flowmgr/flow-compiler";
import type { Capabilities } from "./capabilities.ts";
import { Refusal } from "./errors.ts";
import type { Machine } from "./read.ts";
import { complaint, type Ran, succeeded } from "./run.ts";
import type { Target } from "./target.ts";

/** What a set is called until it is whole. The caller of an apply holds a lock, so there is one at a time. */
const UNFINISHED = `${SET_PREFIX}new`;

const OURS = new RegExp(`^(?:${SET_PREFIX}[46]-[0-9a-f]{16}|${UNFINISHED}(?:-\\d+)?)$`);

/** Where rules of others ask for a set of that name it is left to them, and another name is taken. */
function unfinished(there: ReadonlyMap<string, SetState>): string {
  for (let tried = 1; ; tried += 1) {
    const name = tried === 1 ? UNFINISHED : `${UNFINISHED}-${tried}`;
    if (!there.get(name)?.inUse) return name;
  }
}

const RESTORE = ["ipset", "restore"];

/** Milliseconds; 100 000 networks take 200. */
const LIMIT = 60_000;

/** Our sets with what they hold. Throws Refusal when ipset fails. */
export async function readSets({
  target,
  capabilities,
}: Pick<Machine, "target" | "capabilities">): Promise<SetState[]> {
  if (!capabilities.facts.sets) return [];
  const heads = await headsOf(target);
  if (heads.length === 0) return [];
  // As a restore takes commands, it also takes these: one process for all of them, however many others there are.
  const text = await ask(target, RESTORE, heads.map(({ name }) => `save ${name}\n`).join(""));
  const contents = contentsOf(text, capabilities);
  return heads.map(({ name, inUse }) => {
    const { family, networks } = contents.get(name) ?? { family: "ip", networks: [] };
    return { name, family, networks, inUse };
  });
}

type Head = { name: string; inUse: boolean };

/** Nothing where ipset was taken off the machine meanwhile: that must not keep rules without sets from coming back. */
async function headsOf(target: Target): Promise<Head[]> {
  const ran = await target.run(["ipset", "list", "-terse"], { limit: LIMIT });
  if (ran.failure === "missing" || /No such file or directory/.test(ran.stderr)) return [];
  return said(ran)
    .split("\n\n")
    .flatMap((part) => {
      const name = /^Name: (\S+)$/m.exec(part)?.[1] ?? "";
      return OURS.test(name) ? [{ name, inUse: !/^References: 0$/m.test(part) }] : [];
    });
}

type Content = Pick<NetworkSet, "family" | "networks">;

/**
 * What each set held when it was read last, beside the text that said so: drift is looked for every few seconds, and an
 * apply reads what stays again, while to sort 100 000 networks takes longer than to print them.
 */
const known = new WeakMap<Capabilities, Map<string, { text: string; content: Content }>>();

function contentsOf(text: string, capabilities: Capabilities): Map<string, Content> {
  const before = known.get(capabilities);
  const parts = text.split(/^(?=create )/m).map((part) => {
    const name = part.split(" ", 2)[1] ?? "";
    const same = before?.get(name);
    return [name, same?.text === part ? same : { text: part, content: contentOf(part) }] as const;
  });
  known.set(capabilities, new Map(parts));
  return new Map(parts.map(([name, { content }]) => [name, content]));
}

/** `create NAME hash:net family inet ...`, then `add NAME NETWORK` for each. */
function contentOf(text: string): Content {
  const [head = "", ...lines] = text.trimEnd().split("\n");
  const before = `add ${head.split(" ", 2)[1]} `.length;
  // What stands behind a network (`nomatch`) is none of ours: then it is another one.
  const networks = lines.map((line) => line.slice(before)).sort();
  return { family: / family inet6 /.test(head) ? "ip6" : "ip", networks };
}

/**
 * Makes what is missing and puts right what differs; gives our sets, read back and compared. Throws Refusal; then sets
 * may be there that no rule refers to.
 */
export async function makeSets(
  machine: Machine,
  found: readonly SetState[],
  { make }: SetsDelta,
): Promise<readonly SetState[]> {
  if (make.length === 0) return found;
  const wrongIn = (there: readonly SetState[]) => {
    const holds = new Map(there.map(({ name, networks }) => [name, networks]));
    return make.filter(({ name, networks }) => !sameNetworks(holds.get(name), networks));
  };
  let there = found;
  await patiently(async (isFirst) => {
    if (!isFirst) there = await readSets(machine);
    const heads = new Map(there.map((set) => [set.name, set]));
    const begun = unfinished(heads);
    const leftOver = heads.has(begun) ? `destroy ${begun}\n` : "";
    const text = wrongIn(there).map(
      (set) => renderSet(set, begun) + finish(begun, set.name, heads.get(set.name)),
    );
    await ask(machine.target, RESTORE, leftOver + text.join(""));
  });
  there = await readSets(machine);
  const [wrong] = wrongIn(there);
  if (wrong === undefined) return there;
  throw refused(`read back, the set ${wrong.name} does not hold what was put into it`);
}

/** One that no rule asks for may be of another type, which the kernel does not swap. */
function finish(begun: string, name: string, replaced: SetState | undefined): string {
  if (replaced?.inUse) return `swap ${begun} ${name}\ndestroy ${begun}\n`;
  return `${replaced ? `destroy ${name}\n` : ""}rename ${begun} ${name}\n`;
}

/** While a set is being listed, by whomever, the kernel renames, swaps and destroys it not. */
const BUSY = /in use by/;

const TRIES = 40;

/** Milliseconds between two tries; 100 000 networks are listed in 200. */
const PAUSE = 50;

/** Does it again while others read the sets. It has to begin with what it finds. Throws Refusal. */
async function patiently(work: (isFirst: boolean) => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work(tried === 1);
    } catch (error) {
      if (tried === TRIES || !(error instanceof Refusal && BUSY.test(error.message))) throw error;
      await pause(PAUSE);
    }
  }
}

/**
 * Removes those to which no rule refers any more; gives our sets without them. What cannot go, since rules of others
 * refer to it or ipset fails, stays and is found again by the next reading: no rule of ours asks for it.
 */
export async function removeSets(
  { target }: Machine,
  found: readonly SetState[],
  { remove }: SetsDelta,
): Promise<SetState[]> {
  if (remove.length === 0) return [...found];
  const surplus = new Set(remove.map(({ name }) => name));
  const standing = async () => (await headsOf(target)).filter(({ name }) => surplus.has(name));
  try {
    await patiently(async () => {
      const free = (await standing()).filter(({ inUse }) => !inUse);
      await ask(target, RESTORE, free.map(({ name }) => `destroy ${name}\n`).join(""));
    });
    const left = new Map((await standing()).map((head) => [head.name, head]));
    return found.flatMap((set) => {
      const head = left.get(set.name);
      if (head) return { ...set, ...head };
      return surplus.has(set.name) ? [] : set;
    });
  } catch (error) {
    if (error instanceof Refusal) return [...found];
    throw error;
  }
}

/** Makes sets where there are none, in a namespace that nobody else sees. Throws Refusal. */
export async function putSets(target: Target, sets: readonly NetworkSet[]): Promise<void> {
  if (sets.length > 0) await ask(target, RESTORE, sets.map((set) => renderSet(set, set.name)).join(""));
}

async function ask(target: Target, argv: readonly string[], stdin = ""): Promise<string> {
  return said(await target.run(argv, { stdin, limit: LIMIT }));
}

function said(ran: Ran): string {
  if (!succeeded(ran)) throw refused(complaint(ran).replace(/^ipset v[\d.]+: /, ""));
  return ran.stdout;
}

function refused(said: string): Refusal {
  return new Refusal(`ipset: ${said}`, null, null, said);
}

/**
 * On disk before the first change of an apply: its before-image, the way back when it fails, and the names of the
 * chains that are ours, by which a restarted process knows those that lost their hook. An image holds what differs from
 * the last whole one, where that is little.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ChainState, FamilyState, State } from "@flowmgr/flow-compiler";
import type { Snapshot } from "./kernel.ts";
import { type Remembered, setOf } from "./read.ts";

export type Image = {
  id: string;
  /** What was ours before the apply. */
  before: State;
};

/** Kept per target, and what they need. One would do for a rollback; the others are for people who look for what was there. */
const KEPT = 5;

/** `ID.json`, and `ID-WHOLE.json` for what differs from another. */
const FILE = /^(\d{9})(?:-(\d{9}))?\.json$/;

type Kept = { id: string; whole: string | null };

const NOTHING: Remembered = { ip: [], ip6: [] };

export type Snapshots = {
  /** Written, and synced to the disk, when it returns. */
  write(before: State): Snapshot;
  /** Null when it is no longer kept. */
  read(snapshot: Snapshot): Image | null;
  /** The chains that are ours from now on; synced to the disk when it returns. */
  remember(chains: Remembered): void;
  remembered(): Remembered;
};

/** The snapshots of one target, in a directory of their own. */
export function openSnapshots(dataDir: string, targetId: string): Snapshots {
  const directory = join(dataDir, "snapshots", targetId);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const all = (): Kept[] =>
    readdirSync(directory)
      .flatMap((name) => {
        const [, id, whole = null] = FILE.exec(name) ?? [];
        return id === undefined ? [] : [{ id, whole }];
      })
      .sort((one, other) => (one.id < other.id ? -1 : 1));
  const file = ({ id, whole }: Kept) => join(directory, `${whole === null ? id : `${id}-${whole}`}.json`);
  const parsed = (kept: Kept | undefined) => kept && JSON.parse(readFileSync(file(kept), "utf8"));
  const memory = join(directory, "chains.json");
  // A megabyte of names: taken apart once for each file that stood there.
  let names: { stamp: string; chains: Remembered } | null = null;
  const remembered = (): Remembered => {
    const stamp = stampOf(memory);
    if (names?.stamp !== stamp) names = { stamp, chains: namesIn(memory) };
    return names.chains;
  };
  let whole: Image | null = null;
  return {
    write(before) {
      const old = all();
      const id = String(Number(old.at(-1)?.id ?? "0") + 1).padStart(9, "0");
      const base = old.some((kept) => kept.id === whole?.id && kept.whole === null) ? whole : null;
      const part = base && differing(before, base.before);
      const kept = { id, whole: (part && base?.id) ?? null };
      writeDurably(directory, file(kept), JSON.stringify({ id, before: part ?? before }));
      if (part === null) whole = { id, before };
      const newest = [...old, kept].slice(-KEPT);
      const needed = new Set(newest.flatMap((one) => [one.id, one.whole ?? one.id]));
      for (const stale of old) if (!needed.has(stale.id)) rmSync(file(stale), { force: true });
      return { id };
    },
    read({ id }) {
      const there = all();
      const kept = there.find((one) => one.id === id);
      const image = parsed(kept) ?? null;
      if (image === null || !kept?.whole) return image;
      const base = parsed(there.find((one) => one.id === kept.whole && one.whole === null));
      return base ? { id, before: joined(image.before, base.before) } : null;
    },
    remember(chains) {
      const known = remembered();
      const isKnown = sameNames(known.ip, chains.ip) && sameNames(known.ip6, chains.ip6);
      if (!isKnown) writeDurably(directory, memory, JSON.stringify(chains));
    },
    remembered,
  };
}

/** Another one for each file that was put there. */
function stampOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : "";
}

function namesIn(path: string): Remembered {
  try {
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : NOTHING;
  } catch {
    // What a broken disk garbled must not keep rules from coming back: chains are known by their jumps, too.
    return NOTHING;
  }
}

/** The same names, in any order; either has each once. */
const sameNames = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && other.every((name, at) => name === one[at] || setOf(one).has(name));

/** Chains, and in place of those that stand so in another state where they begin there and how many they are. */
type Part<One> = Omit<One, "chains"> & { chains: (ChainState | [from: number, count: number])[] };

type PartOfState = Omit<State, "ip" | "ip6"> & { ip: Part<FamilyState>; ip6: Part<FamilyState> | null };

/** An apply changes a few chains of ten thousand flows, and all of them are 12 MB. Null when the whole is not much more. */
function differing(state: State, whole: State): PartOfState | null {
  const [ip, ip6] = [
    differingFamily(state.ip, whole.ip),
    state.ip6 && differingFamily(state.ip6, whole.ip6 ?? state.ip),
  ];
  const [own, all] = [
    [ip, ip6].reduce((sum, part) => sum + (part?.chains.length ?? 0), 0),
    state.ip.chains.length + (state.ip6?.chains.length ?? 0),
  ];
  return own * 4 > all || (state.ip6 && !whole.ip6) ? null : { ...state, ip, ip6 };
}

function differingFamily(state: FamilyState, { chains: known }: FamilyState): Part<FamilyState> {
  const places = placesOf(known);
  const chains: Part<FamilyState>["chains"] = [];
  for (const chain of state.chains) {
    const at = places.get(chain.name) ?? -1;
    const last = chains.at(-1);
    if (!isSame(chain, known[at])) chains.push(chain);
    else if (Array.isArray(last) && last[0] + last[1] === at) last[1] += 1;
    else chains.push([at, 1]);
  }
  return { ...state, chains };
}

/** Where each chain stands; the whole image is asked at each apply. */
const places = new WeakMap<readonly ChainState[], ReadonlyMap<string, number>>();

function placesOf(chains: readonly ChainState[]): ReadonlyMap<string, number> {
  const found = places.get(chains) ?? new Map(chains.map(({ name }, at) => [name, at]));
  places.set(chains, found);
  return found;
}

function isSame(one: ChainState, other: ChainState | undefined): boolean {
  if (one === other) return true;
  if (other === undefined || one.retired !== other.retired || one.rules.length !== other.rules.length)
    return false;
  return one.rules === other.rules || one.rules.every((words, at) => words === other.rules[at]);
}

function joined(part: PartOfState, whole: State): State {
  const family = (one: Part<FamilyState>, { chains }: FamilyState): FamilyState => ({
    ...one,
    chains: one.chains.flatMap((each) =>
      Array.isArray(each) ? chains.slice(each[0], each[0] + each[1]) : each,
    ),
  });
  return { ...part, ip: family(part.ip, whole.ip), ip6: part.ip6 && family(part.ip6, whole.ip6 ?? whole.ip) };
}

/** A power cut leaves the file whole or not there at all. */
function writeDurably(directory: string, path: string, text: string): void {
  const draft = `${path}.new`;
  const descriptor = openSync(draft, "w", 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, path);
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

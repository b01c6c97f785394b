/**
 * On disk before the first change of an apply: its before-image, the way back when it fails, and the names of the
 * chains that are ours, by which a restarted process knows those that lost their hook.
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
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { State } from "@flowmgr/flow-compiler";
import type { Snapshot } from "./kernel.ts";
import type { Remembered } from "./read.ts";

export type Image = {
  id: string;
  /** What was ours before the apply. */
  before: State;
};

/** Kept per target. One would do for a rollback; the others are for people who look for what was there. */
const KEPT = 5;

const FILE = /^(\d{9})\.json$/;

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
  const ids = () =>
    readdirSync(directory)
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .sort();
  const file = (id: string) => join(directory, `${id}.json`);
  const memory = join(directory, "chains.json");
  const remembered = () => (existsSync(memory) ? readFileSync(memory, "utf8") : JSON.stringify(NOTHING));
  return {
    write(before) {
      const old = ids();
      const id = String(Number(old.at(-1) ?? "0") + 1).padStart(9, "0");
      writeDurably(directory, file(id), JSON.stringify({ id, before }));
      for (const stale of old.slice(0, Math.max(0, old.length + 1 - KEPT)))
        rmSync(file(stale), { force: true });
      return { id };
    },
    read: ({ id }) => (ids().includes(id) ? JSON.parse(readFileSync(file(id), "utf8")) : null),
    remember(chains) {
      const text = JSON.stringify(chains);
      if (text !== remembered()) writeDurably(directory, memory, text);
    },
    remembered() {
      try {
        return JSON.parse(remembered());
      } catch {
        // What a broken disk garbled must not keep rules from coming back: chains are known by their jumps, too.
        return NOTHING;
      }
    },
  };
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

/**
 * The before-image of an apply, on disk before the first change: the way back when the apply fails, and the memory
 * of a restarted process, by which it knows chains of ours that lost their hook.
 */
import {
  closeSync,
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

export type Image = {
  id: string;
  /** What was ours before the apply. */
  before: State;
  /** Chains that are ours from then on, those that the apply was about to make included. */
  chains: { ip: string[]; ip6: string[] };
};

/** Kept per target. One would do for a rollback; the others are for people who look for what was there. */
const KEPT = 5;

const FILE = /^(\d{9})\.json$/;

export type Snapshots = {
  /** Written, and synced to the disk, when it returns. */
  write(image: Omit<Image, "id">): Snapshot;
  /** Null when it is no longer kept. */
  read(snapshot: Snapshot): Image | null;
  latest(): Image | null;
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
  const read = (id: string): Image | null => {
    if (!ids().includes(id)) return null;
    return JSON.parse(readFileSync(file(id), "utf8"));
  };
  return {
    write(content) {
      const old = ids();
      const id = String(Number(old.at(-1) ?? "0") + 1).padStart(9, "0");
      writeDurably(directory, file(id), JSON.stringify({ id, ...content }));
      for (const stale of old.slice(0, Math.max(0, old.length + 1 - KEPT)))
        rmSync(file(stale), { force: true });
      return { id };
    },
    read: (snapshot) => read(snapshot.id),
    latest() {
      const id = ids().at(-1);
      return id === undefined ? null : read(id);
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

/**
 * Whether anybody has changed a rule of nf_tables, without reading the rules: the kernel counts the commits in a network
 * namespace, whoever makes them and by which tool. `nft` and `iptables-nft` know by the same number whether what they
 * have read still stands. Packets counted are no commit.
 *
 * Nothing else tells it, so the perl that starts programs asks, which Debian always has. Where it is not there, or the
 * kernel does not answer, nothing is known and all is read. The legacy back end has no such number.
 */
import { askGeneration, DEFAULT_LIMIT, succeeded } from "./run.ts";
import type { Target } from "./target.ts";

export type Generation = {
  /** The kernel's name for the namespace, which no other gets before the machine starts anew. */
  namespace: string;
  commits: number;
};

/** Null where it cannot be told. A namespace that was made anew under its name is asked itself, each time. */
export async function generationOf({ network, patience }: Target): Promise<Generation | null> {
  const ran = await askGeneration(network, DEFAULT_LIMIT * patience);
  if (ran === null || !succeeded(ran)) return null;
  const [, namespace, commits] = /^([1-9]\d*) (\d+)\n$/.exec(ran.stdout) ?? [];
  return namespace === undefined ? null : { namespace, commits: Number(commits) };
}

/** Is `now` what became of `before` by so many commits, and by nothing else? */
export function isLater(before: Generation | null, now: Generation | null, commits: number): boolean {
  if (before === null || now === null) return false;
  return now.namespace === before.namespace && now.commits === before.commits + commits;
}

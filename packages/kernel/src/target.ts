/** Where commands run: in a network namespace, or plainly in the machine's own network. */
import { once } from "node:events";
import { askTwice, DEFAULT_LIMIT, type Ran, type RunOptions, run, start, succeeded } from "./run.ts";

export type TargetSpec = { kind: "namespace"; name: string } | { kind: "host" };

export type Target = {
  /** Unique among the targets of a machine; also a file name. */
  readonly id: string;
  /** How people call it: `namespace flowmgr`, `this machine`. */
  readonly label: string;
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  /** By which every time limit of `run` is multiplied. */
  readonly patience: number;
  /** The file of its network namespace; null: our own. */
  readonly network: string | null;
  /** The words that run a command there. */
  words(argv: readonly string[]): readonly string[];
};

/** Names that `ip netns` and a file system take, and that can't be read as an option. */
const NAMESPACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

export function isNamespaceName(name: string): boolean {
  return NAMESPACE_NAME.test(name);
}

/** Throws when the name of the namespace can't be one. */
export function openTarget(spec: TargetSpec, patience = 1): Target {
  const patiently = (argv: readonly string[], options: RunOptions = {}) =>
    run(argv, { ...options, limit: (options.limit ?? DEFAULT_LIMIT) * patience });
  if (spec.kind === "host") {
    const words = (argv: readonly string[]) => argv;
    return { id: "host", label: "this machine", network: null, words, patience, run: patiently };
  }
  if (!isNamespaceName(spec.name)) {
    throw new Error(`"${spec.name}" can't name a network namespace: letters, digits, "_", "." and "-" only`);
  }
  const words = (argv: readonly string[]) => ["ip", "netns", "exec", spec.name, ...argv];
  return {
    id: `namespace-${spec.name}`,
    label: `namespace ${spec.name}`,
    network: `/run/netns/${spec.name}`,
    words,
    patience,
    run: (argv, options) => patiently(words(argv), options),
  };
}

/**
 * An empty network namespace without a name, which ends with the command: nothing can be left over, not even by a
 * SIGKILL, and two checks can't meet. It fails where `canTry` is false.
 */
export async function runInEmptyNamespace(argv: readonly string[], options?: RunOptions): Promise<Ran> {
  const [first] = WAYS;
  return run([...((await wayToTry()) ?? first), ...argv], options);
}

/**
 * Whether this process can make a namespace to try things in. Not in most containers: their system call filter
 * forbids it. Nor without CAP_SYS_ADMIN on a machine that has no user namespaces.
 */
export async function canTry(): Promise<boolean> {
  return (await wayToTry()) !== null;
}

/**
 * The second one makes do without CAP_SYS_ADMIN: in a user namespace of its own everybody may make a network one.
 * `--keep-caps` and not `--map-root-user`: to map root as root would need CAP_SETFCAP.
 */
const WAYS = [
  ["unshare", "--net", "--"],
  ["unshare", "--user", "--keep-caps", "--net", "--"],
] as const;

/** The first that works, found once: what a process may do does not grow. */
let found: Promise<(typeof WAYS)[number] | null> | undefined;

function wayToTry(): Promise<(typeof WAYS)[number] | null> {
  found ??= (async () => {
    for (const way of WAYS) if (succeeded(await askTwice(() => run([...way, "true"])))) return way;
    return null;
  })();
  return found;
}

/** Milliseconds until a namespace of the kind below has to be there. */
const HOLD_LIMIT = 20_000;

/**
 * Does the work in an empty network namespace without a name that several commands share. It goes with the work, and
 * with this process, however it ends: nothing but a `cat`, which waits for the end of its input, holds it. Takes
 * CAP_SYS_ADMIN. Throws when there can be none.
 */
export async function inEmptyNamespace<Result>(work: (empty: Target) => Promise<Result>): Promise<Result> {
  const holder = start(["unshare", "--net", "--", "cat"]);
  const ended = once(holder, "close");
  let said = "";
  holder.stderr.on("data", (part) => (said += String(part)));
  try {
    // What comes back says that `unshare` has done its part, and that `cat` is there.
    const ready = once(holder.stdout, "data", { signal: AbortSignal.timeout(HOLD_LIMIT) });
    holder.stdin.on("error", () => undefined).write("ready\n");
    const there = await Promise.race([
      ready,
      ended.then(
        () => null,
        () => null,
      ),
    ]);
    if (there === null || holder.pid === undefined)
      throw new Error(`no empty network namespace: ${said.trim()}`);
    const network = `/proc/${holder.pid}/ns/net`;
    const enter = ["nsenter", `--net=${network}`, "--"];
    const words = (argv: readonly string[]) => [...enter, ...argv];
    return await work({
      id: `empty-${holder.pid}`,
      label: "an empty network namespace",
      network,
      words,
      patience: 1,
      run: (argv, options) => run(words(argv), options),
    });
  } finally {
    holder.stdin.end();
    await ended.catch(() => undefined);
  }
}

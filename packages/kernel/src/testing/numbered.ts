/**
 * Wrappers in PATH in front of real commands that number every start of one, so that a test can have each go wrong in
 * turn. Each start is a file in a directory, by which it takes its number and leaves its words.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Numbered = {
  /** The value of PATH by which the wrappers are found. */
  path: string;
  /** Where the numbers are taken, each by a file that nobody else has made; others may take some too. */
  taken: string;
  /**
   * Numbers begin with 1 again. The start with number `at`, and with `onwards` each later one, does `body` first, in
   * shell: `$real "$@"` is the real command, which is run behind it unless it exits.
   */
  arm(at?: number, body?: string, onwards?: boolean): void;
  /** The commands that were started since then, with their words, in order. */
  met(): string[];
  remove(): void;
};

/**
 * `commands` are those that are started themselves; what they start in turn is not counted. `path`: the value of PATH
 * by which the real ones are found.
 */
export function numbered(commands: readonly string[], path: string): Numbered {
  const directory = mkdtempSync(join(tmpdir(), "flowmgr-test-"));
  const bin = join(directory, "bin");
  const taken = join(directory, "taken");
  const armed = join(directory, "armed");
  for (const each of [bin, taken]) mkdirSync(each);
  for (const command of commands) {
    const places = [...path.split(":"), "/usr/sbin", "/sbin"].map((place) => join(place, command));
    const real = places.find(existsSync);
    if (real === undefined) throw new Error(`${command} is not installed`);
    writeFileSync(join(bin, command), wrapper(command, real, { taken, armed, path }));
    chmodSync(join(bin, command), 0o755);
  }
  return {
    path: `${bin}:${path}`,
    taken,
    arm(at, body = "", onwards = false) {
      rmSync(armed, { force: true });
      for (const name of readdirSync(taken)) rmSync(join(taken, name));
      if (at !== undefined)
        writeFileSync(armed, `if [ $n -${onwards ? "ge" : "eq"} ${at} ]; then\n${body}\nfi\n`);
    },
    met: () =>
      readdirSync(taken)
        .sort((a, b) => Number(a) - Number(b))
        .map((name) => readFileSync(join(taken, name), "utf8").trim()),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** With `-C` the shell makes a file only when there is none: of two who ask for a number one gets it. */
function wrapper(command: string, real: string, at: { taken: string; armed: string; path: string }): string {
  return `#!/bin/sh
n=1
set -C
until echo "${command} $*" > "${at.taken}/$n"; do n=$((n + 1)); done 2> /dev/null
set +C
real=${real}
export PATH="${at.path}"
if [ -e "${at.armed}" ]; then . "${at.armed}"; fi
exec $real "$@"
`;
}

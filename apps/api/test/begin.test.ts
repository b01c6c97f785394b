/** How the process begins: with little room for garbage, as the operator has it, and also where it may not begin anew. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";

const dir = mkdtempSync(join(tmpdir(), "flowmgr-begin-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** Begins as the server does, and says what it was begun with and what it hands on. */
const SCRIPT = join(dir, "script.mjs");
writeFileSync(
  SCRIPT,
  `import { beginAnew } from ${JSON.stringify(join(import.meta.dirname, "../src/begin.ts"))};
const { pid, execArgv: flags, env: { MALLOC_ARENA_MAX: arenas = "" } } = process;
await beginAnew(process);
const { MALLOC_ARENA_MAX: handedOn = "" } = process.env;
console.log(JSON.stringify({ pid, flags, arenas, handedOn, words: process.argv.slice(2) }));
`,
);
const begun = z.object({
  pid: z.number(),
  flags: z.array(z.string()),
  arenas: z.string(),
  handedOn: z.string(),
  words: z.array(z.string()),
});

/** Begun as an operator would: it is the process that was started, and has the words that it was started with. */
function begin(flags: string[], env: Record<string, string> = {}, node = process.execPath) {
  const { PATH } = process.env;
  const ran = spawnSync(node, [...flags, SCRIPT, "serve", "a word"], {
    env: { PATH, ...env },
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(ran.stderr).toBe("");
  const { pid, words, ...told } = begun.parse(JSON.parse(ran.stdout));
  expect({ pid, words }).toEqual({ pid: ran.pid, words: ["serve", "a word"] });
  return told;
}

const OURS = ["--max-semi-space-size=8", "--heap-growing-percent=50", "--enable-source-maps"];

describe("what the process begins with", () => {
  it("is ours where the operator says nothing, and not handed on", () => {
    expect(begin([])).toEqual({ flags: OURS, arenas: "1", handedOn: "" });
  });

  it.each<[what: string, flags: string[], env: Record<string, string>, expected: object]>([
    [
      "a flag of node",
      ["--max_semi_space_size=16"],
      {},
      { flags: [...OURS.slice(1), "--max_semi_space_size=16"] },
    ],
    [
      "all, which is the way to have nothing begun anew",
      [...OURS].reverse(),
      {},
      { flags: [...OURS].reverse(), arenas: "" },
    ],
    ["NODE_OPTIONS", [], { NODE_OPTIONS: "--max-semi-space-size=16" }, { flags: OURS.slice(1) }],
    ["a variable of glibc", [], { MALLOC_ARENA_MAX: "4" }, { flags: OURS, arenas: "4", handedOn: "4" }],
  ])("is the operator's: %s", (_what, flags, env, expected) => {
    expect(begin(flags, env)).toMatchObject(expected);
  });

  it("is what it is where other programs may not be started", () => {
    const forbidden = ["--permission", "--allow-fs-read=*", "--no-warnings"];
    expect(begin(forbidden)).toEqual({ flags: forbidden, arenas: "", handedOn: "" });
  });

  it("is what it is where node's file has gone", () => {
    const node = join(dir, "node");
    copyFileSync(process.execPath, node);
    const gone = join(dir, "gone");
    writeFileSync(gone, `#!/bin/sh\nexec 9<'${node}'\nrm '${node}'\nexec /proc/self/fd/9 "$@"\n`, {
      mode: 0o755,
    });
    expect(begin([], {}, gone)).toEqual({ flags: [], arenas: "", handedOn: "" });
  });
});

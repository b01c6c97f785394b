/**
 * Import of iptables-save, by files that anyone can write: a title, the text, `==> flows`, then `==> left out` with
 * `LINE: REASON`. `FLOWMGR_GOLDEN=write` fills in what is behind the text.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importSourceOf, importText } from "../../src/exchange/index.ts";
import { type Action, check, print } from "../../src/index.ts";

const FOLDER = join(import.meta.dirname, "iptables");
const marks = new Map<string, Action>([["0x100", { action: "director", director: "web" }]]);

describe("goldens", () => {
  it.each(readdirSync(FOLDER))("%s", (name) => {
    const path = join(FOLDER, name);
    const [given = ""] = readFileSync(path, "utf8").split("\n==> flows\n");
    const source = given.slice(given.indexOf("\n") + 1);
    expect(importSourceOf(source)).toBe("iptables-save");
    const { config, leftOut } = importText(source, "iptables-save", { marks });
    expect(check(config).filter(({ severity }) => severity === "error")).toEqual([]);
    const lines = source.split("\n");
    for (const { line, text } of leftOut) expect(lines[line - 1]?.trim()).toBe(text);
    const listed = leftOut.map(({ line, reason }) => `${line}: ${reason}\n`).join("");
    const written = `${given}\n==> flows\n${print(config)}\n==> left out\n${listed}`;
    if (process.env.FLOWMGR_GOLDEN === "write") writeFileSync(path, written);
    expect(readFileSync(path, "utf8")).toBe(written);
  });
});

it("lists or says every rule, and never throws", () => {
  const word = fc.constantFrom(
    ..."-A PREROUTING -A A -A B -j A -g B -j ACCEPT -j DROP -j RETURN -j LOG ! -s 10.0.0.0/8 -p tcp --dport 22 -m mark -i eth0 -i eth+ :A *mangle COMMIT *nat".split(
      " ",
    ),
  );
  const line = fc.array(word, { maxLength: 8 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const { config, leftOut } = importText(lines.join("\n"), "iptables-save");
      expect(check(config).filter(({ severity }) => severity === "error")).toEqual([]);
      if (config.items.length > 0) return;
      const rules = lines.flatMap((one, index) => (one.startsWith("-A ") ? [index + 1] : []));
      expect(leftOut.map((one) => one.line)).toEqual(expect.arrayContaining(rules));
    }),
    { numRuns: 300, examples: [[["-A PREROUTING -j RETURN"]]] },
  );
});

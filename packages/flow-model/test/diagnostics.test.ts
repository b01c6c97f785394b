/** Every diagnostic that text can cause: what it says, what it advises, and what it underlines. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check, checkText, configSchema } from "../src/index.ts";
import { EXPECTATIONS } from "./diagnostic-rows-expect.ts";
import { JSON_ROWS, ruled } from "./diagnostic-rows-json.ts";
import { LISTS } from "./diagnostic-rows-lists.ts";
import { MEANING, NEVER, VALUES } from "./diagnostic-rows-values.ts";
import { STRUCTURE } from "./diagnostic-rows-words.ts";
import { mark, unmark } from "./marked.ts";

const rows = [...STRUCTURE, ...VALUES, ...LISTS, ...MEANING, ...NEVER, ...EXPECTATIONS];

describe("a diagnostic of a text", () => {
  it.each(rows)("%s: %s", (code, marked, message, help) => {
    const { text, span } = unmark(marked);
    const { diagnostics } = checkText(text);
    const found = diagnostics.map((one) => [one.code, mark(text, one), one.message, one.help]);
    expect(found).toContainEqual([code, marked, message, help]);
    expect(diagnostics.find((one) => one.code === code)).toMatchObject(span);
  });

  it("comes alone: one slip costs one complaint", () => {
    for (const [, marked] of rows) {
      expect(checkText(unmark(marked).text).diagnostics, marked).toHaveLength(1);
    }
  });
});

describe("a diagnostic of JSON", () => {
  it.each(JSON_ROWS)("%s at %s", (code, path, config, message, help) => {
    const found = check(configSchema.parse(config)).map((one) => [one.code, one.path, one.message, one.help]);
    expect(found).toContainEqual([code, path, message, help]);
  });

  it("names flow and rule, and nothing that is not there", () => {
    expect(check(configSchema.parse(ruled({ src: "nowhere" })))[0]).toMatchObject({ flow: "a", rule: 1 });
    expect(check(configSchema.parse({ items: [], comment: ["\n"] }))[0]).not.toHaveProperty("flow");
  });
});

describe("diagnostics", () => {
  it("stop at a thousand, and say how many more there are", () => {
    const { diagnostics } = checkText("flow a permit match src nowhere\n".repeat(1500));
    expect(diagnostics).toHaveLength(1001);
    // Each line but the first has two errors: the name is taken, and the address is none.
    expect(diagnostics.at(-1)).toEqual({
      code: "too-many",
      severity: "error",
      message: "1999 more errors and 0 more warnings were left out",
      help: "mend the first ones and check again",
    });
  });

  it("are errors when what was left out holds one", () => {
    const warning = (name: number) => `flow f${name} permit match src 10.0.0.1/8\n`;
    const text = Array.from({ length: 1001 }, (_, name) => warning(name)).join("");
    expect(checkText(text).diagnostics.at(-1)).toMatchObject({ code: "too-many", severity: "warning" });
    const withError = `${text}flow last permit match src nowhere`;
    expect(checkText(withError).diagnostics.at(-1)).toMatchObject({ code: "too-many", severity: "error" });
  });

  it("are sorted by place, structure and values alike", () => {
    const { diagnostics } = checkText(
      "flow a permit match src nowhere acept dst ::1 src 10.0.0.1\nflow a deny match proto",
    );
    expect(diagnostics.map(({ code }) => code)).toEqual([
      "bad-address",
      "unknown-word",
      "duplicate-condition",
      "duplicate-flow",
      "missing-value",
    ]);
  });

  it("each have a row here", () => {
    const source = join(import.meta.dirname, "../src");
    const others = ["edit.ts", "packet.ts", "exchange"];
    const EMITTED = /(?:refuse\(|parseAs\(text,|complain\(|CODE =|code =|code:)\s*"([a-z-]+)"/g;
    const emitted = readdirSync(source)
      .filter((file) => !others.includes(file))
      .flatMap((file) =>
        [...readFileSync(join(source, file), "utf8").matchAll(EMITTED)].map((found) => found[1]),
      );
    const covered = [...rows, ...JSON_ROWS].map(([code]) => code);
    expect([...new Set(emitted)].sort()).toEqual(
      [...new Set([...covered, "too-many", "too-many-values"])].sort(),
    );
  });
});

/** Config -> text, byte for byte; and proof that the files together leave nothing out. */
import {
  type Action,
  CONDITION_KINDS,
  checkText,
  expandLists,
  type Family,
  flowsOf,
  NO_SETS,
} from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { directionOf, isOn } from "../src/chains.ts";
import { renderFamily, renderRouting } from "../src/index.ts";
import { askedBy } from "../src/match.ts";
import { compileGolden, loadGoldens, setsText, writeGolden } from "./golden.ts";

if (process.env.FLOWMGR_GOLDEN === "write") for (const golden of loadGoldens()) writeGolden(golden);

const goldens = loadGoldens();

describe("golden files", () => {
  test.each(goldens.map((golden) => [golden.name, golden] as const))("%s", (_name, golden) => {
    const program = compileGolden(golden);
    expect(setsText(program)).toBe(golden.sets);
    expect(renderFamily(program, "ip")).toBe(golden.ip);
    expect(renderFamily(program, "ip6")).toBe(golden.ip6);
    expect(renderRouting(program)).toBe(golden.routing);
  });

  test("have titles of their own", () => {
    expect(new Set(goldens.map(({ title }) => title)).size).toBe(goldens.length);
    expect(goldens.filter(({ title }) => title.length < 10)).toEqual([]);
  });
});

/** What stands in the golden configs and reaches a chain, as `FLOW not? KIND one|list FAMILY ACTION`. */
function covered(): Set<string> {
  const seen = new Set<string>();
  for (const { config: text } of goldens) {
    for (const flow of flowsOf(expandLists(checkText(text).config)).filter(isOn)) {
      for (const { conditions, off, verb } of flow.rules) {
        const families = ([4, 6] as const).filter(
          (family) => !off && askedBy(conditions, family, directionOf(flow), NO_SETS).matches.length > 0,
        );
        for (const family of families) {
          const action = verb === "ignore" ? "ignore" : flow.policy?.action;
          for (const kind of CONDITION_KINDS) {
            const condition = conditions[kind];
            if (!condition) continue;
            const many = condition.values.length > 1 ? "list" : "one";
            seen.add(`${flow.kind} ${condition.not ? "not " : ""}${kind} ${many} ${family} ${action}`);
          }
        }
      }
    }
  }
  return seen;
}

test("the golden files hold every condition, negated and not, single and as a list, in both families and directions, under every policy", () => {
  const actions: (Action["action"] | "ignore")[] = ["permit", "deny", "director", "table", "ignore"];
  const families: Family[] = [4, 6];
  const wanted = (["flow", "outflow"] as const).flatMap((flow) =>
    CONDITION_KINDS.flatMap((kind) =>
      ["", "not "].flatMap((not) =>
        ["one", "list"].flatMap((many) =>
          families.flatMap((family) =>
            actions
              .filter((action) => flow === "flow" || action !== "director")
              .map((action) => `${flow} ${not}${kind} ${many} ${family} ${action}`),
          ),
        ),
      ),
    ),
  );
  const seen = covered();
  expect(wanted.filter((one) => !seen.has(one))).toEqual([]);
});

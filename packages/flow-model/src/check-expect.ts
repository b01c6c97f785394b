/** An expectation: can a packet meet it, does it say what was meant, does it stand once. */
import { type ConditionsContext, checkConditions, EVERY, familiesLeftOut } from "./check-rule.ts";
import { type Complain, LONGEST_VALUE } from "./check-values.ts";
import { parseDirectorName } from "./names.ts";
import type { Expect, Flow } from "./schema.ts";
import { parseTable } from "./tables.ts";

/** Reports what is wrong with an expectation; `isTwin`: one that says the same stands before it. */
export function checkExpect(expect: Expect, isTwin: boolean, context: ConditionsContext): void {
  const { complain } = context;
  if (isTwin) {
    const message = "this expectation stands here a second time";
    complain("", { code: "duplicate-expectation", message, help: "leave it out" }, "warning");
  }
  checkAction(expect.verdict, expect.direction, "/verdict", complain);
  const values = checkConditions(expect.conditions, context, {
    never: (why) => `no packet can meet this expectation: ${why}`,
    another: "an expectation",
  });
  if (!values) return;
  for (const { kind, text, family, other } of familiesLeftOut(expect.conditions, values)) {
    const message = `not ${kind} ${text} speaks of IPv${family} packets only`;
    const help = `of IPv${other} packets nothing is expected; for them add an expectation with ${kind} ${EVERY[other]}`;
    complain(`/conditions/${kind}`, { code: "one-family", message, help }, "warning");
  }
}

/** Reports what is wrong with an action, of a policy at `/policy` or a verdict at `/verdict`. */
export function checkAction(
  action: Flow["policy"] | Expect["verdict"],
  direction: Expect["direction"],
  where: string,
  complain: Complain,
): void {
  if (action?.action === "director") {
    if (direction === "out") {
      const message = "a director takes incoming packets only";
      const another = where === "/verdict" ? ", undecided" : "";
      const help = `write permit, deny${another} or table TABLE; or flow instead of outflow`;
      complain(`${where}/action`, { code: "outflow-director", message, help });
    }
    const name = parseDirectorName(action.director.slice(0, LONGEST_VALUE));
    if ("error" in name) complain(`${where}/director`, name.error);
  }
  if (action?.action === "table") {
    const table = parseTable(action.table.slice(0, LONGEST_VALUE));
    if ("error" in table) complain(`${where}/table`, table.error);
  }
}

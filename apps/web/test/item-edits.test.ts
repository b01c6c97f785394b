import { type Config, type Edit, editAll, type Flow, flowsOf, listsOf, parse } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { outcomeOf } from "../src/api/item-edits.ts";

const config = (text: string): Config => parse(text).config;
const MAIL = "flow mail permit\n  match proto tcp dstport 25\n  match proto tcp dstport 110\n";

function flowOf(text: string): Flow {
  const [flow] = flowsOf(config(text));
  if (!flow) throw new Error("no flow");
  return flow;
}

/** Typed over `base` while the draft has `now`. */
function typed(base: string, next: string, now = base, before: Edit[] = []) {
  const draft = config(now);
  const inDraft = flowOf(now);
  const outcome = outcomeOf({
    config: draft,
    inDraft,
    base: flowOf(base),
    next: flowOf(next),
    before,
    among: () => [],
  });
  const edited = editAll(draft, outcome.edits);
  if ("error" in edited) throw new Error(edited.error.message);
  return { ...outcome, after: edited.config };
}

describe("a flow as somebody typed it", () => {
  test("goes to the draft when nothing is wrong with it, under its new name too", () => {
    const { kept, after } = typed(MAIL, MAIL.replace("mail", "post").replace("permit", "deny"));
    expect(kept).toBe(false);
    expect(after).toEqual(config(MAIL.replace("mail", "post").replace("permit", "deny")));
  });

  test("that says what the draft says is no edit", () => {
    expect(typed(MAIL, MAIL)).toMatchObject({ edits: [], kept: false });
  });

  test("with an error stays out of the draft", () => {
    expect(typed(MAIL, MAIL.replace("25", "99999"))).toMatchObject({ edits: [], kept: true });
  });

  test("keeps what somebody else changed in it meanwhile", () => {
    const { after } = typed(MAIL, MAIL.replace("110", "143"), MAIL.replace("permit", "deny"));
    expect(after).toEqual(config(MAIL.replace("110", "143").replace("permit", "deny")));
  });

  test("replaces theirs where both changed the same", () => {
    const { after } = typed(MAIL, MAIL.replace("110", "143"), MAIL.replace("110", "995"));
    expect(after).toEqual(config(MAIL.replace("110", "143")));
  });
});

describe("a flow whose values become a list", () => {
  const LIST: Edit = {
    do: "add",
    item: { kind: "list", name: "ports", values: ["25", "110"], comment: [], note: "" },
    position: 1,
  };
  const listed = (more: string) =>
    `flow mail permit\n  match proto tcp dstport @ports\n  match dst ${more}\n`;
  const spelt = (more: string) => listed(more).replace("@ports", "{ 25, 110 }");

  test("is one step with the list", () => {
    const { kept, after } = typed(spelt("10.0.0.1"), listed("10.0.0.1"), spelt("10.0.0.1"), [LIST]);
    expect(kept).toBe(false);
    expect(listsOf(after)).toMatchObject([{ name: "ports", values: ["25", "110"] }]);
    expect(flowsOf(after)).toEqual([flowOf(listed("10.0.0.1"))]);
  });

  test("loses no value when something else is wrong with it: the list is made", () => {
    const { kept, after } = typed(spelt("10.0.0.1"), listed("10.0.0.999"), spelt("10.0.0.1"), [LIST]);
    expect(kept).toBe(true);
    expect(listsOf(after)).toMatchObject([{ name: "ports", values: ["25", "110"] }]);
    expect(flowsOf(after)).toEqual([flowOf(spelt("10.0.0.1"))]);
  });
});

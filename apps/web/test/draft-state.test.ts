import type { Draft } from "@flowmgr/flow-api";
import { type Config, type Edit, flowsOf, parse } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import {
  type Change,
  changed,
  type DraftState,
  EMPTY_DRAFT,
  followed,
  letGo,
  loaded,
  outrun,
  reapplied,
  refused,
  restored,
  sent,
  stepped,
  unsent,
} from "../src/api/draft-state.ts";
import { mineInstead } from "../src/api/mine.ts";

const counts = { flows: 0, rules: 0, errors: 0, warnings: 0 };
const config = (text: string): Config => parse(text).config;
const draft = (etag: string, text: string, changedBy = "admin"): Draft => ({
  etag,
  changedAt: "2026-01-01T00:00:00Z",
  changedBy,
  config: config(text),
  counts,
});
const AT = "2026-01-01T00:00:09Z";
const TWO = "flow a permit\n  match\nflow b deny\n  match\n";
const start = loaded(EMPTY_DRAFT, draft("1", TWO));
const remove = (name: string): Change => ({
  kind: "edits",
  edits: [{ do: "remove", name }],
  label: `remove ${name}`,
});
const removing = (name: string): Edit[] => [{ do: "remove", name }];
const names = (state: DraftState) => (state.config ? flowsOf(state.config).map(({ name }) => name) : null);

function done(state: DraftState, change: Change): DraftState {
  const result = changed(state, change, null, AT);
  if ("error" in result) throw new Error(result.error.message);
  return result.state;
}

function took(state: DraftState, way: "undo" | "redo", count?: number): DraftState {
  const result = stepped(state, way, count);
  if ("refused" in result) throw new Error(result.refused);
  return result.state;
}

test("an edit shows at once and waits for the server", () => {
  const state = done(start, remove("a"));
  expect(names(state)).toEqual(["b"]);
  expect(state.waiting.map(({ change }) => change)).toEqual([remove("a")]);
  const answered = sent(state, "2", "2026-01-01T00:00:01Z", "admin");
  expect(answered.saved?.etag).toBe("2");
  expect(answered.waiting).toEqual([]);
  expect(names(answered)).toEqual(["b"]);
});

test("an impossible edit changes nothing and says why", () => {
  const result = changed(start, remove("c"), null, AT);
  expect("error" in result && result.error.code).toBe("unknown-flow");
});

test("undo and redo walk the same configs and are sent like edits", () => {
  const removed = sent(done(start, remove("a")), "2", "", "admin");
  const back = took(removed, "undo");
  expect(names(back)).toEqual(["a", "b"]);
  expect(back.waiting).toHaveLength(1);
  expect(names(took(back, "redo"))).toEqual(["b"]);
  expect(took(back, "undo")).toBe(back);
});

test("an answer to the first of two edits leaves the second on the screen", () => {
  const state = sent(done(done(start, remove("a")), remove("b")), "2", "", "admin");
  expect(names(state)).toEqual([]);
  expect(state.saved && flowsOf(state.saved.config).map(({ name }) => name)).toEqual(["b"]);
  expect(state.waiting.map(({ change }) => change)).toEqual([remove("b")]);
});

test("somebody else's change arrives as a step that undo leaves alone", () => {
  const state = loaded(start, draft("2", "flow c deny\n  match\n", "ops"));
  expect(names(state)).toEqual(["c"]);
  expect(state.undo.at(-1)).toMatchObject({ label: "ops changed the draft", by: "ops" });
  expect(took(state, "undo")).toBe(state);
});

test("an undo takes back mine and leaves what somebody else did to other flows since", () => {
  const mine = sent(done(start, remove("a")), "2", AT, "admin");
  const theirs = loaded(mine, draft("3", "flow c deny\n  match\nflow b permit\n  match\n", "ops"));
  const back = took(theirs, "undo");
  expect(names(back)).toEqual(["a", "c", "b"]);
  expect(names(took(back, "redo"))).toEqual(["c", "b"]);
});

test("an undo that would take back somebody else's change is refused with the reason", () => {
  const edit: Change = {
    kind: "edits",
    edits: [{ do: "switch", name: "a", on: false }],
    label: "switch a off",
  };
  const mine = sent(done(start, edit), "2", AT, "admin");
  const theirs = loaded(mine, draft("3", "flow b deny\n  match\n", "ops"));
  expect(stepped(theirs, "undo")).toEqual({
    refused: "Cannot undo switch a off. a: it was removed meanwhile.",
  });
});

test("several steps go back at once, and only one change is sent", () => {
  const state = sent(sent(done(done(start, remove("a")), remove("b")), "2", AT, "admin"), "3", AT, "admin");
  const back = took(state, "undo", 2);
  expect(names(back)).toEqual(["a", "b"]);
  expect(back.waiting.map(({ label }) => label)).toEqual(["undo 2 steps"]);
  expect(names(took(back, "redo", 2))).toEqual([]);
});

test("somebody else's change does not replace what waits; the server's 412 decides", () => {
  const state = done(start, remove("a"));
  expect(loaded(state, draft("2", "", "ops"))).toBe(state);
});

test("a 412 keeps mine, shows theirs, and reapplies on top of theirs", () => {
  const mine = done(start, remove("a"));
  const conflict = outrun(mine, draft("2", `${TWO}flow c deny\n  match\n`, "ops"));
  expect(names(conflict)).toEqual(["a", "b", "c"]);
  expect(conflict.trouble).toMatchObject({ kind: "conflict", by: "ops" });
  const state = reapplied(conflict, AT);
  expect(names(state)).toEqual(["b", "c"]);
  expect(state.trouble).toBeNull();
  expect(names(took(state, "undo"))).toEqual(["a", "b", "c"]);
});

test("a second 412 keeps what the first one kept", () => {
  const first = outrun(done(start, remove("a")), draft("2", `${TWO}flow c deny\n  match\n`, "ops"));
  const second = outrun(done(first, remove("b")), draft("3", `${TWO}flow d deny\n  match\n`, "ops"));
  expect(names(reapplied(second, AT))).toEqual(["d"]);
});

test("what both changed is named with the reason, and mine can be taken", () => {
  const conflict = outrun(
    done(start, remove("a")),
    draft("2", "flow a deny\n  match\nflow b deny\n  match\n", "ops"),
  );
  const state = reapplied(conflict, AT);
  expect(names(state)).toEqual(["a", "b"]);
  if (state.trouble?.kind !== "clash" || !state.config) throw new Error("no clash");
  const [clash] = state.trouble.clashes;
  expect(clash).toMatchObject({ key: "a", reason: "it was changed meanwhile", mine: null });
  expect(clash && mineInstead(state.config, clash, [])).toEqual({ do: "remove", name: "a" });
});

test("an edit of one rule and an edit of another rule of the same flow go together", () => {
  const both = (first: string, second: string) =>
    `flow a permit\n  match proto tcp dstport ${first}\n  match proto udp dstport ${second}\n`;
  const base = loaded(EMPTY_DRAFT, draft("1", both("1", "2")));
  const mine = done(base, { kind: "replace", config: config(both("10", "2")), label: "edit text" });
  const state = reapplied(outrun(mine, draft("2", both("1", "20"), "ops")), AT);
  expect(state.config).toEqual(config(both("10", "20")));
  const same = reapplied(outrun(mine, draft("2", both("11", "2"), "ops")), AT);
  expect(same.trouble).toMatchObject({ clashes: [{ key: "a", reason: "both changed rule 1" }] });
});

test("a refusal goes back to what the server has and makes again what waited behind it", () => {
  const state = refused(done(done(start, remove("a")), remove("b")), "no", [], AT);
  expect(names(state)).toEqual(["a"]);
  expect(state.undo.map(({ label }) => label)).toEqual(["remove b"]);
  expect(state.trouble).toMatchObject({ kind: "refused", label: "remove a" });
});

test("what is typed without a pause is one step; a pause begins another, and so does anything between", () => {
  const type = (state: DraftState, text: string, at: string) => {
    const change: Change = { kind: "replace", config: config(text), label: "edit text", goesOn: true };
    const result = changed(state, change, null, at);
    if ("error" in result) throw new Error(result.error.message);
    return result.state;
  };
  const [first, second] = ["flow a deny\n  match\n", "flow a deny\n  match dst 10.0.0.1\n"];
  const once = type(type(start, first, "2026-01-01T00:00:01Z"), second, "2026-01-01T00:00:05Z");
  expect(once.undo).toHaveLength(1);
  expect(once.waiting).toHaveLength(2);
  expect(took(once, "undo").config).toEqual(config(TWO));
  const later = type(once, first, "2026-01-01T00:00:11Z");
  expect(took(later, "undo").config).toEqual(config(second));
  expect(type(type(start, first, AT), TWO, AT).undo).toEqual([]);
  const between = type(done(type(start, first, AT), remove("a")), first, AT);
  expect(between.undo.map(({ label }) => label)).toEqual(["edit text", "remove a", "edit text"]);
  expect(type(took(once, "undo"), first, AT).undo).toHaveLength(1);
});

test("mine comes back where it stood when they had removed it", () => {
  const deny: Change = { kind: "replace", config: config(A_DENIES), label: "a: deny" };
  const state = reapplied(outrun(done(start, deny), draft("2", "flow b deny\n  match\n", "ops")), AT);
  if (state.trouble?.kind !== "clash" || !state.config) throw new Error("no clash");
  const [clash] = state.trouble.clashes;
  const theirs = state.undo.map(({ patch }) => patch);
  expect(clash && mineInstead(state.config, clash, theirs)).toMatchObject({ do: "add", before: "b" });
});

const A_DENIES = "flow a deny\n  match\nflow b deny\n  match\n";
const switchOff = (name: string): Change => ({
  kind: "edits",
  edits: [{ do: "switch", name, on: false }],
  label: `switch ${name} off`,
});

test("a 412 while items wait for a choice keeps my side of them, with the reason", () => {
  const clash = reapplied(outrun(done(start, remove("a")), draft("2", A_DENIES, "ops")), AT);
  expect(clash.trouble?.kind).toBe("clash");
  const later = outrun(done(clash, remove("b")), draft("3", `${A_DENIES}flow c deny\n  match\n`, "ops"));
  const state = reapplied(later, AT);
  expect(names(state)).toEqual(["a", "c"]);
  expect(state.trouble).toMatchObject({
    kind: "clash",
    clashes: [{ key: "a", reason: "it was changed meanwhile", mine: null }],
  });
});

test("a refusal stands over a question that is not answered yet, and closing it brings that back", () => {
  const conflict = outrun(done(start, remove("a")), draft("2", A_DENIES, "ops"));
  const state = refused(done(conflict, remove("b")), "no", [], AT);
  expect(state.trouble).toMatchObject({ kind: "refused", label: "remove b" });
  expect(unsent(state)).toMatchObject({ by: "ops", kept: [{ label: "remove a" }] });
  expect(loaded(state, draft("3", A_DENIES, "ops")).trouble).toEqual(conflict.trouble);
  expect(letGo(state).trouble).toEqual(conflict.trouble);
  expect(letGo(letGo(state)).trouble).toBeNull();
});

test("what could not be made without the refused change is named", () => {
  const add: Change = { kind: "replace", config: config(`${TWO}flow c deny\n  match\n`), label: "add c" };
  const state = refused(done(done(done(start, add), switchOff("c")), remove("a")), "no", [], AT);
  expect(names(state)).toEqual(["b"]);
  expect(state.trouble).toMatchObject({ label: "add c", lost: ["switch c off"] });
});

test("of several changes to an item that both changed, mine is all of them", () => {
  const deny: Change = { kind: "replace", config: config(A_DENIES), label: "a: deny" };
  const mine = done(done(start, deny), switchOff("a"));
  const theirs = draft("2", "flow a director d\n  match\nflow b deny\n  match\n", "ops");
  const state = reapplied(outrun(mine, theirs), AT);
  expect(state.config).toEqual(theirs.config);
  expect(state.trouble).toMatchObject({
    clashes: [
      {
        key: "a",
        reason: "both changed its policy",
        before: { policy: { action: "permit" } },
        mine: { policy: { action: "deny" }, skipped: true },
      },
    ],
  });
});

test("a reload finds the undo list again while the draft is the same, and drops it when not", () => {
  const state = sent(done(start, remove("a")), "2", AT, "admin");
  const left = { etag: "2", undo: state.undo, redo: [], ...unsent(state) };
  const after = (etag: string) =>
    restored(loaded(EMPTY_DRAFT, draft(etag, "flow b deny\n  match\n")), left, AT);
  expect(names(took(after("2"), "undo"))).toEqual(["a", "b"]);
  expect(after("3").undo).toEqual([]);
});

test("a reload loses no edit that the server has not taken", () => {
  const state = done(start, remove("a"));
  const left = { etag: "1", undo: [], redo: [], ...unsent(state) };
  const same = restored(start, left, AT);
  expect(names(same)).toEqual(["b"]);
  expect(same.waiting).toHaveLength(1);
  const moved = restored(loaded(EMPTY_DRAFT, draft("2", `${TWO}flow c deny\n  match\n`, "ops")), left, AT);
  expect(names(moved)).toEqual(["a", "b", "c"]);
  expect(names(reapplied(moved, AT))).toEqual(["b", "c"]);
  const arrived = restored(loaded(EMPTY_DRAFT, draft("2", "flow b deny\n  match\n")), left, AT);
  expect(arrived.trouble).toBeNull();
});

test("a reload in the middle of a conflict asks again, and of a clash too", () => {
  const theirs = draft("2", "flow a deny\n  match\nflow b deny\n  match\n", "ops");
  const conflict = outrun(done(start, remove("a")), theirs);
  const reload = (state: DraftState) =>
    restored(loaded(EMPTY_DRAFT, theirs), { etag: "2", undo: [], redo: [], ...unsent(state) }, AT);
  expect(reload(conflict).trouble).toMatchObject({ kind: "conflict", by: "ops" });
  const again = reload(reapplied(conflict, AT));
  expect(again.trouble).toMatchObject({ kind: "conflict", by: "ops" });
  expect(reapplied(again, AT).trouble).toMatchObject({ clashes: [{ key: "a", mine: null }] });
});

test("a discard shows the running config, and the server's answer is what stays", () => {
  const running = config("flow r permit\n  match\n");
  const result = changed(start, { kind: "discard", label: "discard all changes" }, running, AT);
  if ("error" in result) throw new Error(result.error.message);
  expect(names(result.state)).toEqual(["r"]);
  const answer = config("flow s permit\n  match\n");
  expect(names(sent(result.state, "2", "", "admin", answer))).toEqual(["s"]);
});

test("somebody else's edits are made on the draft that they were made of, and on no other", () => {
  const at = "2026-01-01T00:00:05Z";
  const event = { etag: "2", from: "1", edits: removing("a"), changedBy: "eve", changedAt: at, changes: 1 };
  const next = followed(start, event);
  expect(next?.saved).toMatchObject({ etag: "2", changedBy: "eve", changedAt: at });
  expect(next && names(next)).toEqual(["b"]);
  expect(next?.undo).toMatchObject([{ by: "eve" }]);
  // What is not touched stays the same object.
  expect(next?.config?.items[0]).toBe(start.config?.items[1]);
  expect(followed(start, { ...event, from: "0" })).toBeNull();
  const { edits: _, ...silent } = event;
  expect(followed(start, silent)).toBeNull();
  expect(followed(start, { ...event, edits: removing("nobody") })).toBeNull();
  expect(followed(done(start, remove("b")), event)).toBeNull();
});

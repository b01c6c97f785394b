import { EditorState } from "@codemirror/state";
import { type Config, checkText, type Diagnostic, locate, parse, print } from "@flowmgr/flow-model";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { DraftView } from "../../src/api/draft.ts";
import { type Around, LABEL, smallest, TextSession } from "../../src/text/session.ts";
import type { UnsavedText } from "../../src/text/unsaved.ts";

const SSH = "flow ssh permit\n  match proto tcp dstport 22\n";
const DNS = "flow dns permit\n  match proto udp dstport 53\n";
const config = (text: string): Config => parse(text).config;

function draftOf(text: string, etag: string, more: Partial<DraftView> = {}): DraftView {
  return {
    config: config(text),
    etag,
    settled: true,
    changedBy: "ops",
    changedAt: "2026-11-24T14:20:00Z",
    trouble: null,
    error: null,
    ...more,
  };
}

let stored: UnsavedText | null;
let replaced: Config[];
let letGo: number;
let session: TextSession;

function around(): Around {
  return {
    extensions: [],
    check: async (text, machine: readonly Diagnostic[]) => {
      const checked = checkText(text);
      return { ...checked, diagnostics: locate([...checked.diagnostics, ...machine], checked.places) };
    },
    print,
    replace: (next) => replaced.push(next),
    letGo: () => {
      letGo += 1;
    },
    kept: () => stored,
    keep: (next) => {
      stored = next;
      return true;
    },
    mark: () => ({}),
    now: () => "2026-11-24T14:21:00Z",
    checkAfter: 250,
  };
}

const text = () => session.state?.doc.toString();
const settle = () => vi.runAllTimersAsync();

/** As a person would: the whole text replaced by another. */
async function type(next: string): Promise<void> {
  session.rewrite(next);
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  stored = null;
  replaced = [];
  letGo = 0;
  session = new TextSession(around());
});

describe("text that is right", () => {
  test("becomes the draft, and is kept until the server has it", async () => {
    session.follow(draftOf(SSH, "1"));
    await type(SSH + DNS);
    expect(replaced).toEqual([config(SSH + DNS)]);
    expect(stored).toMatchObject({ text: SSH + DNS, etag: "1", errors: 0 });
    const sent = replaced[0] ?? null;
    session.follow({ ...draftOf("", "1"), config: sent, settled: false });
    expect(stored).not.toBeNull();
    session.follow({ ...draftOf("", "2"), config: sent });
    expect(stored).toBeNull();
    expect(text()).toBe(SSH + DNS);
  });

  test("keeps the shape that it was typed in", async () => {
    session.follow(draftOf(SSH, "1"));
    const typed = `\n\n${SSH.replace("  match", " match")}\n`;
    await type(typed);
    session.follow({ ...draftOf("", "2"), config: replaced[0] ?? null });
    expect(text()).toBe(typed);
  });
});

describe("text with errors", () => {
  test("stays out of the draft, is kept, and says how many", async () => {
    session.follow(draftOf(SSH, "1"));
    await type("flow ssh permit match proto nonsense dstport 99999");
    expect(replaced).toEqual([]);
    expect(stored).toMatchObject({ etag: "1", errors: 2 });
    expect(session.view.get()).toMatchObject({ typed: true, checked: true });
  });

  test("comes back after a reload, and goes on from where it was", async () => {
    stored = { text: "flow ssh permit match proto", etag: "1", errors: 1, at: "2026-11-24T14:00:00Z" };
    session.follow(draftOf(SSH, "1"));
    await settle();
    expect(text()).toBe("flow ssh permit match proto");
    expect(session.view.get()).toMatchObject({ restored: "2026-11-24T14:00:00Z", conflict: null });
    await type(`${SSH}# done\n`);
    expect(replaced).toEqual([config(`${SSH}# done\n`)]);
    expect(session.view.get().restored).toBeNull();
  });

  test("can be dropped for the draft's text", async () => {
    stored = { text: "flow", etag: "1", errors: 1, at: "2026-11-24T14:00:00Z" };
    session.follow(draftOf(SSH, "1"));
    await settle();
    session.takeTheirs();
    await settle();
    expect(text()).toBe(SSH);
    expect(stored).toBeNull();
    expect(replaced).toEqual([]);
  });
});

describe("a change from elsewhere", () => {
  test("goes into the editor when nothing is being typed", () => {
    session.follow(draftOf(SSH, "1"));
    session.follow(draftOf(SSH + DNS, "2"));
    expect(text()).toBe(`${SSH}\n${DNS}`);
  });

  test("leaves the cursor in the line where it was", () => {
    const state = EditorState.create({ doc: SSH, selection: { anchor: SSH.length - 3 } });
    const after = `${DNS}\n${SSH}`;
    const moved = state.update({ changes: smallest(SSH, after) }).state;
    expect(moved.doc.toString()).toBe(after);
    expect(moved.selection.main.head).toBe(after.length - 3);
  });

  test("waits beside what is being typed: keep mine", async () => {
    session.follow(draftOf(SSH, "1"));
    await type("flow ssh permit match proto x");
    session.follow(draftOf(DNS, "2"));
    expect(text()).toBe("flow ssh permit match proto x");
    expect(session.view.get().conflict).toEqual({ by: "ops", at: "2026-11-24T14:20:00Z", merges: true });
    await type(`${SSH}# mine\n`);
    const before = replaced.length;
    session.keepMine();
    await settle();
    expect(replaced.length).toBe(before + 1);
    expect(replaced.at(-1)).toEqual(config(`${DNS}# mine\n`));
    expect(text()).toBe(`${DNS}\n# mine\n`);
    expect(session.view.get()).toMatchObject({ conflict: null, typed: false });
    // Mine is the draft now: the server's answer is no change from elsewhere, and the next key is typed over it.
    session.follow({ ...draftOf("", "3"), config: replaced.at(-1) ?? null });
    expect(session.view.get().conflict).toBeNull();
    await type(`${DNS}# mine too\n`);
    expect(replaced.at(-1)).toEqual(config(`${DNS}# mine too\n`));
  });

  test("keep mine while the text has errors: what they did is kept once it is right", async () => {
    session.follow(draftOf(SSH, "1"));
    await type("flow ssh permit match proto x");
    session.follow(draftOf(`${SSH}\n${DNS}`, "2"));
    session.keepMine();
    await settle();
    expect(replaced).toEqual([]);
    // Theirs, seen again in between, does not become what mine was made from.
    session.follow({ ...draftOf("", "2"), config: config(`${SSH}\n${DNS}`) });
    session.keepMine();
    await type(SSH.replace("22", "2222"));
    expect(replaced).toEqual([config(`${SSH.replace("22", "2222")}\n${DNS}`)]);
  });

  test("keep mine after an edit of mine that the server never had puts that in too", async () => {
    session.follow(draftOf(SSH, "1"));
    await type(SSH.replace("22", "2222"));
    const sent = replaced[0] ?? null;
    session.follow({ ...draftOf("", "1"), config: sent, settled: false });
    session.rewrite(`${SSH.replace("22", "2222")}# mine\n`);
    const trouble = { kind: "conflict" as const, by: "ops", kept: [] };
    session.follow({ ...draftOf(`${SSH}\n${DNS}`, "2"), trouble });
    await settle();
    session.keepMine();
    await settle();
    expect(replaced.at(-1)).toEqual(config(`${SSH.replace("22", "2222")}\n${DNS}\n# mine\n`));
  });

  test("what waits for an answer beside the text is not dropped by keep mine", async () => {
    session.follow(draftOf(SSH, "1"));
    const trouble = { kind: "conflict" as const, by: "ops", kept: [] };
    session.follow({ ...draftOf(SSH + DNS, "2"), trouble });
    session.rewrite(`${SSH}\n${DNS}# mine\n`);
    session.follow({ ...draftOf(DNS, "3"), trouble });
    await settle();
    session.keepMine();
    expect(letGo).toBe(0);
    await settle();
    expect(replaced.at(-1)).toEqual(config(`${DNS}# mine\n`));
  });

  test("made while the page was closed asks first, whatever the text is", async () => {
    stored = { text: `${SSH}# mine\n`, etag: "1", errors: 0, at: "2026-11-24T14:00:00Z" };
    session.follow(draftOf(DNS, "2"));
    await settle();
    expect(replaced).toEqual([]);
    expect(session.view.get().conflict).not.toBeNull();
    expect(stored?.text).toBe(`${SSH}# mine\n`);
  });

  test("asks nothing when it is what was typed", async () => {
    stored = { text: `${SSH}\n`, etag: "1", errors: 0, at: "2026-11-24T14:00:00Z" };
    session.follow(draftOf(SSH, "2"));
    await settle();
    expect(replaced).toEqual([]);
    expect(session.view.get()).toMatchObject({ conflict: null, restored: null, typed: false });
    expect(stored).toBeNull();
  });
});

test("a refusal by the server leaves the text as typed", async () => {
  session.follow(draftOf(SSH, "1"));
  await type(SSH + DNS);
  const trouble = {
    kind: "refused" as const,
    label: LABEL,
    lost: [],
    message: "no",
    diagnostics: [],
    over: null,
  };
  session.follow({ ...draftOf(SSH, "1"), trouble });
  expect(text()).toBe(SSH + DNS);
  expect(session.view.get().typed).toBe(true);
});

test("another tab's text is not forgotten by this one", async () => {
  session.follow(draftOf(SSH, "1"));
  await type(SSH + DNS);
  const theirs = { text: "flow", etag: "1", errors: 1, at: "2026-11-24T14:22:00Z" };
  stored = theirs;
  session.follow({ ...draftOf("", "2"), config: replaced[0] ?? null });
  expect(stored).toBe(theirs);
});

describe("what the analysis found", () => {
  const found = (code: string, more: Partial<Diagnostic>): Diagnostic => ({
    code,
    severity: "warning",
    message: "m",
    path: "/items/0/rules/0",
    ...more,
  });

  test("an expectation that fails keeps no text from the draft", async () => {
    session.follow(draftOf(SSH, "1"));
    session.knows([found("expectation-fails", { severity: "error", flow: "ssh" })]);
    await settle();
    await type(SSH + DNS);
    expect(replaced).toHaveLength(1);
    expect(session.view.get().typed).toBe(false);
  });

  test("stays at its flow while somebody types, without mends that may be of another rule by now", async () => {
    const fixes = [{ label: "Remove flow ssh", edits: [{ do: "remove" as const, name: "ssh" }] }];
    session.follow(draftOf(SSH, "1"));
    session.knows([
      found("no-effect", { flow: "ssh", rule: 1, fixes }),
      found("unknown-interface", { flow: "ssh", rule: 1 }),
    ]);
    await settle();
    expect(session.view.get().diagnostics.map(({ code }) => code)).toEqual([
      "no-effect",
      "unknown-interface",
    ]);
    await type(`${SSH}flow broken`.replace("broken", ""));
    expect(session.view.get().diagnostics).toMatchObject([
      { code: "no-effect", fixes: [] },
      { severity: "error" },
    ]);
  });
});

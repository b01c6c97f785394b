/** The config as text: the same document that Flows shows, checked as one types. */
import { EditorView } from "@codemirror/view";
import { type Config, type Diagnostic, EMPTY_CONFIG, type Fix } from "@flowmgr/flow-model";
import { useEffect, useMemo, useRef } from "react";
import { useSearch } from "wouter";
import { isFinding, useFindings, useKnown } from "../analysis/index.ts";
import { useDraft, useEdit, useStatus, useStore } from "../api/index.ts";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { applyFix, rangeOf } from "./lint.ts";
import { Problems } from "./problems.tsx";
import { LABEL } from "./session.ts";
import styles from "./text.module.css";
import { TextNotice } from "./text-notice.tsx";
import { joinDraft, knowMachine, textSession } from "./text-session.ts";
import { goToItem, TextTools } from "./text-tools.tsx";

export function TextPlace() {
  const { config, error } = useDraft();
  const editor = useRef<EditorView | null>(null);
  if (error) return <PlaceState title="The text could not be read">{error.message}</PlaceState>;
  if (!config) return <Waiting>Reading the draft</Waiting>;
  return (
    <section className={styles.place} aria-label="Text">
      <h1 className="visually-hidden">Text</h1>
      <TextTools editor={() => editor.current} />
      <TextNotice />
      <Editor hold={editor} />
      <TextProblems editor={() => editor.current} />
    </section>
  );
}

/** Keeps the session told of the draft, the server's check and the machine. */
function useTextSession(): void {
  const draft = useDraft();
  const { retype, letGo } = useEdit();
  const status = useStatus().data;
  useEffect(() => {
    joinDraft({ replace: (config) => void retype(config, LABEL), letGo });
  }, [retype, letGo]);
  useEffect(() => textSession.follow(draft), [draft]);
  const { config } = draft;
  const known = useMendable(config ?? EMPTY_CONFIG);
  useEffect(() => textSession.knows(known), [known]);
  useEffect(() => knowMachine(config, status), [config, status]);
}

/** All that is known of the draft; a mend that was found in an older one may be of another rule by now. */
function useMendable(config: Config): readonly Diagnostic[] {
  const known = useKnown(config);
  const fresh = useFindings(config)?.fresh ?? true;
  return useMemo(() => (fresh ? known : known.map(withoutMends)), [known, fresh]);
}

function withoutMends(one: Diagnostic): Diagnostic {
  return isFinding(one) ? { ...one, fixes: [] } : one;
}

function Editor({ hold }: { hold: { current: EditorView | null } }) {
  const parent = useRef<HTMLDivElement>(null);
  const wanted = new URLSearchParams(useSearch()).get("at");
  // Before the view: it shows the state that this begins.
  useTextSession();
  useEffect(() => {
    const state = textSession.state;
    if (!parent.current || !state) return;
    const view = new EditorView({ state, parent: parent.current });
    hold.current = view;
    textSession.attach(view);
    return () => {
      textSession.attach(null);
      hold.current = null;
      view.destroy();
    };
  }, [hold]);
  useEffect(() => {
    if (wanted !== null && hold.current) goToItem(hold.current, wanted);
  }, [wanted, hold]);
  return <div ref={parent} className={styles.editor} />;
}

type WithEditor = { editor: () => EditorView | null };

function TextProblems({ editor }: WithEditor) {
  const { diagnostics } = useStore(textSession.view);
  function goTo(diagnostic: Diagnostic): void {
    const view = editor();
    if (!view) return;
    const { from, to } = rangeOf(view.state.doc, diagnostic);
    view.dispatch({
      selection: { anchor: from, head: to },
      effects: EditorView.scrollIntoView(from, { y: "center" }),
    });
    view.focus();
  }
  function fix(diagnostic: Diagnostic, chosen: Fix): void {
    const view = editor();
    if (!view) return;
    applyFix(view, rangeOf(view.state.doc, diagnostic), chosen);
    view.focus();
  }
  return <Problems diagnostics={diagnostics} goTo={goTo} fix={fix} />;
}

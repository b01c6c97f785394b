/** The config as text: the same document that Flows shows, checked as one types. */
import { foldAll, unfoldAll } from "@codemirror/language";
import { openSearchPanel } from "@codemirror/search";
import { EditorView } from "@codemirror/view";
import { checkText, type Diagnostic, print } from "@flowmgr/flow-model";
import { useEffect, useRef } from "react";
import { useCheck, useDraft, useEdit, useStatus, useStore } from "../api/index.ts";
import { exchangeActions } from "../exchange/index.ts";
import { menuOf } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { applyFix, rangeOf } from "./lint.ts";
import { Problems } from "./problems.tsx";
import { errorsIn, LABEL } from "./session.ts";
import styles from "./text.module.css";
import { TextNotice } from "./text-notice.tsx";
import { joinDraft, knowValues, textSession } from "./text-session.ts";
import { TextState } from "./text-state.tsx";

export function TextPlace() {
  const { config, error } = useDraft();
  const editor = useRef<EditorView | null>(null);
  if (error) return <PlaceState title="The text could not be read">{error.message}</PlaceState>;
  if (!config) return <Waiting>Reading the draft</Waiting>;
  return (
    <section className={styles.place} aria-label="Text">
      <h1 className="visually-hidden">Text</h1>
      <Tools editor={() => editor.current} />
      <TextNotice />
      <Editor hold={editor} />
      <TextProblems editor={() => editor.current} />
    </section>
  );
}

/** Keeps the session told of the draft, the server's check and the machine. */
function useTextSession(): void {
  const draft = useDraft();
  const { replace, letGo } = useEdit();
  const check = useCheck().data;
  const status = useStatus().data;
  useEffect(() => {
    joinDraft({ replace: (config) => void replace(config, LABEL), letGo });
  }, [replace, letGo]);
  useEffect(() => textSession.follow(draft), [draft]);
  useEffect(() => {
    if (check) textSession.knows(check.diagnostics);
  }, [check]);
  useEffect(() => {
    if (!status) return;
    const { interfaces, directors, tables } = status;
    const names = (of: { name: string }[]) => of.map(({ name }) => name);
    knowValues({
      interfaces,
      directors: names(directors),
      tables: names(tables),
    });
  }, [status]);
}

function Editor({ hold }: { hold: { current: EditorView | null } }) {
  const parent = useRef<HTMLDivElement>(null);
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
  return <div ref={parent} className={styles.editor} />;
}

type WithEditor = { editor: () => EditorView | null };

function Tools({ editor }: WithEditor) {
  const { diagnostics } = useStore(textSession.view);
  const errors = errorsIn(diagnostics);
  const act = (command: (view: EditorView) => unknown) => () => {
    const view = editor();
    if (view) command(view);
  };
  function format(): void {
    const view = editor();
    const checked = view && checkText(view.state.doc.toString());
    if (checked && errorsIn(checked.diagnostics) === 0) textSession.rewrite(print(checked.config));
  }
  return (
    <div className={styles.tools}>
      <TextState />
      <span className={styles.space} />
      <Button small look="plain" className={styles.wide} onClick={act(foldAll)}>
        Fold all
      </Button>
      <Button small look="plain" className={styles.wide} onClick={act(unfoldAll)}>
        Unfold
      </Button>
      <Menu
        label="Import and export"
        className={styles.more}
        entries={() => menuOf(Object.values(exchangeActions()))}
      >
        <span aria-hidden="true">⋯</span>
      </Menu>
      <Button small onClick={act(openSearchPanel)} title="Find and replace (Ctrl+F)">
        Find
      </Button>
      <Button
        small
        onClick={format}
        disabled={errors > 0}
        title={errors > 0 ? "Text with errors keeps its shape" : "Indent and order as the draft is printed"}
      >
        Format
      </Button>
    </div>
  );
}

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
  function fix(diagnostic: Diagnostic, text: string): void {
    const view = editor();
    if (!view) return;
    applyFix(view, rangeOf(view.state.doc, diagnostic), text);
    view.focus();
  }
  return <Problems diagnostics={diagnostics} goTo={goTo} fix={fix} />;
}

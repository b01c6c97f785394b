/** What can be done to the text: buttons, keys and palette entries. */
import { foldAll, unfoldAll } from "@codemirror/language";
import { openSearchPanel } from "@codemirror/search";
import { EditorView } from "@codemirror/view";
import { checkText, print } from "@flowmgr/flow-model";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { useStore } from "../api/index.ts";
import { exchangeActions } from "../exchange/index.ts";
import { type Action, keyOf, menuOf, perform, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { addressOfItem } from "../ui/item-address.ts";
import { Menu } from "../ui/menu.tsx";
import { notify } from "../ui/notices.tsx";
import { Suggest } from "../ui/suggest.tsx";
import { helpAt } from "./hover.ts";
import { itemAt, itemsOf, placeOfItem } from "./items.ts";
import { errorsIn } from "./standing.ts";
import styles from "./text.module.css";
import { listHelp, textSession } from "./text-session.ts";
import { TextState } from "./text-state.tsx";

type WithEditor = { editor: () => EditorView | null };

/** Puts the cursor on the first line of a flow or list, and says so when there is none of that name. */
export function goToItem(view: EditorView, name: string): void {
  const at = placeOfItem(view.state.doc, name);
  if (at === null) {
    notify({ text: `The text has no ${name}.` });
    return;
  }
  view.dispatch({
    selection: { anchor: at },
    effects: EditorView.scrollIntoView(at, { y: "start", yMargin: 20 }),
  });
  view.focus();
}

export function TextTools({ editor }: WithEditor) {
  const [, go] = useLocation();
  const field = useRef<HTMLInputElement>(null);
  const errors = errorsIn(useStore(textSession.view).diagnostics);
  const actions = textActions(editor, errors, go, () => field.current?.focus());
  useActions(Object.values(actions));
  return (
    <div className={styles.tools}>
      <TextState />
      <span className={styles.space} />
      <GoTo editor={editor} hold={field} />
      <Tool action={actions.find} />
      <Tool action={actions.format} />
      <Menu
        label="More actions of the text"
        className={styles.more}
        entries={() =>
          menuOf(
            [actions.explain, actions.foldAll, actions.unfoldAll, actions.show],
            Object.values(exchangeActions()),
          )
        }
      >
        <span aria-hidden="true">⋯</span>
      </Menu>
    </div>
  );
}

function textActions(
  editor: () => EditorView | null,
  errors: number,
  go: (to: string) => void,
  askForName: () => void,
) {
  const action = (label: string, run: (view: EditorView) => unknown, ...keys: string[]): Action => ({
    id: `text ${label}`,
    label,
    group: "Text",
    keys,
    disabled: null,
    run: () => {
      const view = editor();
      if (view) run(view);
    },
  });
  const show = action("Show this flow in its form", (view) => {
    const name = itemAt(view.state.doc, view.state.selection.main.head);
    if (name === null) notify({ text: "The cursor stands in no flow." });
    else go(addressOfItem(name));
  });
  return {
    find: { ...action("Find", openSearchPanel), hint: "Ctrl+F" },
    goTo: action("Go to a flow…", askForName, "Alt+g"),
    format: {
      ...action("Format", format, "Alt+Shift+f"),
      disabled: errors > 0 ? "Text with errors keeps its shape." : null,
    },
    explain: action("Explain this word", explain, "Alt+h"),
    foldAll: action("Fold all", foldAll),
    unfoldAll: action("Unfold all", unfoldAll),
    show,
  };
}

/** The help that the pointer gets, for who has none. */
function explain({ state }: EditorView): void {
  const help = helpAt(state, state.selection.main.head, listHelp);
  notify({ text: help ? help.text : "There is nothing to explain at the cursor." });
}

/** Indents and orders as the draft is printed. */
function format(view: EditorView): void {
  const checked = checkText(view.state.doc.toString());
  if (errorsIn(checked.diagnostics) === 0) textSession.rewrite(print(checked.config));
}

function Tool({ action }: { action: Action }) {
  const key = keyOf(action);
  return (
    <Button
      small
      onClick={() => perform(action)}
      disabled={action.disabled !== null}
      title={action.disabled ?? (key ? `${action.label} (${key})` : action.label)}
    >
      {action.label}
    </Button>
  );
}

/** A name, completed as it is typed; Enter goes there. */
function GoTo({ editor, hold }: WithEditor & { hold: React.RefObject<HTMLInputElement | null> }) {
  const [name, setName] = useState("");
  return (
    <div className={styles.goToField}>
      <Suggest
        ref={hold}
        label="Go to a flow or list"
        placeholder="Go to flow"
        value={name}
        set={setName}
        commit={(wanted) => {
          const view = editor();
          if (!view || wanted.trim() === "") return;
          setName("");
          goToItem(view, wanted.trim());
        }}
        leave={() => setName("")}
        suggestions={() => {
          const doc = editor()?.state.doc;
          return doc ? itemsOf(doc).map((value) => ({ value })) : [];
        }}
      />
    </div>
  );
}

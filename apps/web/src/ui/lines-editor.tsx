/** Values one a line, in an editor that draws only what is seen: a hundred thousand are no more than ten. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { setDiagnostics } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, Transaction } from "@codemirror/state";
import { drawSelection, EditorView, keymap } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { afterPress } from "./after-press.ts";
import { editorLooks } from "./editor-looks.ts";
import styles from "./lines.module.css";
import type { ValueProblem } from "./problems.tsx";
import { sameValues, splitValues } from "./values.ts";

export type LinesProps = {
  label: string;
  values: readonly string[];
  /** When the field is left. */
  set: (values: string[]) => void;
  /** A moment after each change already, where a button next to it takes what stands here. */
  live?: boolean;
  /** By the place of the value. */
  problems: ReadonlyMap<number, ValueProblem>;
  errorId?: string | undefined;
  disabled?: boolean;
};

/** Milliseconds from a key to `live`: long enough for the next key of whoever types. */
const PAUSE = 200;
/** Most lines that are marked; the words below the field count all that is wrong. */
const MARKS = 1000;

const fieldLooks = EditorView.theme({
  ".cm-content": { padding: "6px 0" },
  ".cm-line": { padding: "0 10px" },
});

export function LinesEditor(props: LinesProps) {
  const parent = useRef<HTMLDivElement>(null);
  const { view, hides } = useEditor(parent, props);
  const { values, problems, disabled, errorId, label } = props;
  useEffect(() => view.current?.show(values, problems), [view, values, problems]);
  useEffect(() => view.current?.describe({ label, errorId, disabled }), [view, label, errorId, disabled]);
  return (
    <>
      <div ref={parent} className={styles.text} data-wrong={errorId !== undefined || undefined} />
      {hides ? (
        <p className={styles.hint}>What stands behind # is left out: values have no comments of their own.</p>
      ) : null}
    </>
  );
}

/** The editor as long as the field is there. `hides`: something in it is left out. */
function useEditor(parent: { current: HTMLDivElement | null }, props: LinesProps) {
  const view = useRef<LinesView | null>(null);
  const current = useRef(props);
  current.current = props;
  const [hides, setHides] = useState(false);
  useEffect(() => {
    if (!parent.current) return;
    const made = new LinesView(parent.current, current, setHides);
    view.current = made;
    return () => made.end();
  }, [parent]);
  return { view, hides };
}

type Described = Pick<LinesProps, "label" | "errorId" | "disabled">;

class LinesView {
  readonly #editor: EditorView;
  readonly #described = new Compartment();
  readonly #props: { current: LinesProps };
  readonly #hides: (hides: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What both sides have agreed on last. */
  #known: readonly string[];
  #ended = false;

  constructor(parent: HTMLElement, props: { current: LinesProps }, hides: (hides: boolean) => void) {
    this.#props = props;
    this.#known = props.current.values;
    this.#hides = hides;
    const extensions = [
      history(),
      drawSelection(),
      search({ top: true }),
      keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.lineWrapping,
      fieldLooks,
      editorLooks,
      this.#described.of(describing(props.current)),
      EditorView.domEventHandlers({ blur: () => this.#left() }),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged) this.#typed();
      }),
    ];
    const state = EditorState.create({ doc: props.current.values.join("\n"), extensions });
    this.#editor = new EditorView({ state, parent });
  }

  describe(described: Described): void {
    this.#editor.dispatch({ effects: this.#described.reconfigure(describing(described)) });
  }

  /** What the draft says by now, if it is not what stands here, and what is wrong with it. */
  show(values: readonly string[], problems: LinesProps["problems"]): void {
    // What was typed since stays until it is told.
    if (!sameValues(values, this.#known) && !sameValues(values, this.#read())) this.#write(values);
    this.#known = values;
    const { state } = this.#editor;
    const marks = [...problems].slice(0, MARKS).flatMap(([place, { severity, text }]) => {
      if (place >= state.doc.lines) return [];
      const { from, to } = state.doc.line(place + 1);
      return [{ from, to, severity, message: text }];
    });
    this.#editor.dispatch(setDiagnostics(state, marks));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#ended = true;
    this.#editor.destroy();
  }

  #read(): string[] {
    return splitValues(this.#editor.state.doc.toString());
  }

  #write(values: readonly string[]): void {
    const changes = { from: 0, to: this.#editor.state.doc.length, insert: values.join("\n") };
    this.#editor.dispatch({ changes, annotations: Transaction.addToHistory.of(false) });
  }

  #typed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#hides(this.#editor.state.doc.toString().includes("#"));
      if (this.#props.current.live) this.#tell();
    }, PAUSE);
  }

  /** A button that takes what stands here gets it before its click. */
  #left(): void {
    if (this.#props.current.live) this.#tell();
    afterPress(() => this.#settle());
  }

  #settle(): void {
    if (this.#ended) return;
    const values = this.#tell();
    if (this.#editor.state.doc.toString() !== values.join("\n")) this.#write(values);
  }

  /** Gives what stands here on, if it is news. */
  #tell(): string[] {
    clearTimeout(this.#timer);
    const values = this.#read();
    const { disabled, set } = this.#props.current;
    if (disabled || sameValues(values, this.#known)) return values;
    this.#known = values;
    set(values);
    return values;
  }
}

function describing({ label, errorId, disabled = false }: Described): Extension {
  return [
    EditorState.readOnly.of(disabled),
    EditorView.editable.of(!disabled),
    EditorView.contentAttributes.of({
      "aria-label": `${label}, one a line`,
      "aria-invalid": String(errorId !== undefined),
      spellcheck: "false",
      autocapitalize: "off",
      ...(errorId === undefined ? {} : { "aria-describedby": errorId }),
    }),
  ];
}

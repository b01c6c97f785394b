/**
 * The text as it is being typed, beside the draft. It outlives the place: leaving Text and coming back keeps the
 * undo list, the cursor and what does not parse yet.
 *
 * Text that is right goes to the draft a moment after the last key. What comes from elsewhere (a form, another
 * admin) goes into the editor as the smallest change, so the cursor stays. When both happened, nothing is
 * overwritten: the text stays as typed, theirs waits, and the person chooses.
 */
import { diff } from "@codemirror/merge";
import {
  Annotation,
  EditorState,
  type Extension,
  Transaction,
  type TransactionSpec,
} from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import type { Config, Diagnostic } from "@flowmgr/flow-model";
import type { DraftView } from "../api/draft.ts";
import { mineFirst } from "../api/mine.ts";
import { sameConfig } from "../api/patch.ts";
import { createStore, type Store } from "../ui/store.ts";
import { errorsIn, whileTyped } from "./standing.ts";
import type { UnsavedText } from "./unsaved.ts";

export type Checked = { config: Config; diagnostics: Diagnostic[] };

/** What the session needs of the world around it. */
export type Around = {
  extensions: Extension;
  /**
   * All diagnostics of a text; `machine` are the server's, which know more than the text, to be placed in it. `means`:
   * the config that the text stands for; null where only its reading can tell.
   */
  check(text: string, machine: readonly Diagnostic[], means: Config | null): Promise<Checked>;
  print(config: Config): string;
  /** Makes the config the draft. */
  replace(config: Config): void;
  /** Leaves a conflict or refusal that the draft store holds. */
  letGo(): void;
  kept(): UnsavedText | null;
  keep(text: UnsavedText | null): boolean;
  /** Shows the diagnostics in the editor. */
  mark(state: EditorState, diagnostics: readonly Diagnostic[]): TransactionSpec;
  now(): string;
  /** Milliseconds from the last key to the check. */
  checkAfter: number;
};

export type TextView = {
  diagnostics: readonly Diagnostic[];
  /** False while the diagnostics are of an older text. */
  checked: boolean;
  /** True while the text is not what the draft holds. */
  typed: boolean;
  /** Somebody changed the draft while this was typed. `merges`: mine can stand on top of theirs, not only instead. */
  conflict: { by: string; at: string; merges: boolean } | null;
  /** When the text was typed that a reload brought back; null for none. */
  restored: string | null;
  /** False when the browser has no room for the text: a reload would lose it. */
  safe: boolean;
};

export const LABEL = "edit text";

const fromElsewhere = Annotation.define<boolean>();

/** How long the search for the smallest change may take; beyond it the change is coarser, not wrong. */
const DIFF_LIMIT = { scanLimit: 1000, timeout: 100 };

const START: TextView = {
  diagnostics: [],
  checked: false,
  typed: false,
  conflict: null,
  restored: null,
  safe: true,
};

export class TextSession {
  readonly view: Store<TextView> = createStore(START);
  readonly #around: Around;
  #state: EditorState | null = null;
  #editor: EditorView | null = null;
  #machine: readonly Diagnostic[] = [];
  /** The draft that the text was made from or became; null when that was an older one than there is now. */
  #seen: Config | null = null;
  /** Its ETag. */
  #base = "";
  #latest: DraftView | null = null;
  /** What the server had when the text last agreed with it; null when that is not known. */
  #ground: Config | null = null;
  /** What waits for an answer in the draft store is not in the text: it was there when the text was taken from it. */
  #apart = false;
  /** Mine is kept: once it is right, what was done to `#ground` is done to the draft. */
  #keeping = false;
  /** What this session put into the browser's storage; another tab's is not ours to forget. */
  #mine: UnsavedText | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(around: Around) {
    this.#around = around;
  }

  get state(): EditorState | null {
    return this.#state;
  }

  /** The editor on the screen; null when it goes. */
  attach(editor: EditorView | null): void {
    this.#editor = editor;
  }

  /** The draft as it is now; call it at every change. */
  follow(draft: DraftView): void {
    this.#latest = draft;
    const { config, trouble } = draft;
    if (!config) return;
    if (!this.#state) this.#begin(draft, config);
    else if (config === this.#seen) this.#settle(draft);
    else if (trouble?.kind === "refused" && trouble.label === LABEL) {
      // The server would not have it: the text stays, the draft is the old one again.
      this.#seen = config;
      this.#show({ typed: true });
    } else if (this.view.get().typed) this.#show({ conflict: this.#conflictOf(draft) });
    else this.#take(draft, config, false);
  }

  /**
   * What the server's check and the analysis say; it is of the draft, so it counts while the text is the draft. What
   * was found of a flow stays at it while somebody types, until it has been looked at again.
   */
  knows(diagnostics: readonly Diagnostic[]): void {
    if (this.#machine === diagnostics) return;
    this.#machine = diagnostics;
    if (this.#state && !this.view.get().typed) this.#checkSoon(0);
  }

  /** Replaces the whole text as one step of the editor's undo, the cursor kept; it counts as typed. */
  rewrite(text: string): void {
    if (this.#state) this.#dispatch({ changes: smallest(this.#state.doc.toString(), text) });
  }

  /**
   * What I did goes on top of what the draft became meanwhile; of what both changed, mine stands. Where it is not
   * known what the text was made from, it replaces the draft.
   */
  keepMine = (): void => {
    if (!this.#latest?.config) return;
    this.#seen = this.#latest.config;
    this.#base = this.#latest.etag ?? this.#base;
    this.#keeping = true;
    if (!this.#apart) this.#around.letGo();
    this.#show({ conflict: null });
    this.#checkSoon(0);
  };

  /** The draft's text in place of what was typed; the editor's undo brings it back. */
  takeTheirs = (): void => {
    if (!this.#latest?.config) return;
    this.#around.letGo();
    this.#forget();
    this.#take(this.#latest, this.#latest.config, true);
  };

  /** Before the page goes: keeps what the last check has not seen yet. */
  flush = (): void => {
    if (this.#state && this.view.get().typed) this.#keep(this.#state.doc.toString());
  };

  #begin(draft: DraftView, config: Config): void {
    const kept = this.#around.kept();
    const extensions = [
      this.#around.extensions,
      EditorView.updateListener.of(({ state, transactions }) => this.#moved(state, transactions)),
    ];
    this.#state = EditorState.create({ doc: kept?.text ?? this.#around.print(config), extensions });
    this.#base = kept?.etag ?? draft.etag ?? "";
    this.#seen = this.#base === draft.etag ? config : null;
    this.#ground = this.#seen;
    this.#mine = kept;
    if (kept) this.#show({ typed: true, restored: kept.at });
    this.#checkSoon(0);
  }

  /** The draft is what the text became: once the server has it, nothing need be kept. */
  #settle(draft: DraftView): void {
    if (!draft.settled || draft.trouble) return;
    const { conflict, typed } = this.view.get();
    this.#apart = false;
    if (!this.#keeping) this.#ground = this.#seen;
    if (draft.etag && !conflict) this.#base = draft.etag;
    if (this.#mine && !typed) this.#forget();
  }

  /** Puts a config's text into the editor. */
  #take(draft: DraftView, config: Config, undoable: boolean): void {
    if (!this.#state) return;
    this.#seen = config;
    this.#base = draft.etag ?? this.#base;
    this.#keeping = false;
    this.#apart = draft.trouble?.kind === "conflict";
    if (draft.settled) this.#ground = config;
    this.#write(config, undoable);
    this.#show({ typed: false, conflict: null, restored: null });
    this.#checkSoon(0);
  }

  #write(config: Config, undoable: boolean): void {
    if (!this.#state) return;
    this.#dispatch({
      changes: smallest(this.#state.doc.toString(), this.#around.print(config)),
      annotations: [fromElsewhere.of(true), Transaction.addToHistory.of(undoable)],
    });
  }

  #moved(state: EditorState, transactions: readonly Transaction[]): void {
    this.#state = state;
    if (transactions.every((one) => !one.docChanged || one.annotation(fromElsewhere))) return;
    this.#show({ typed: true });
    this.#checkSoon(this.#around.checkAfter);
  }

  #dispatch(spec: TransactionSpec): void {
    if (this.#editor) this.#editor.dispatch(spec);
    else if (this.#state) {
      const transaction = this.#state.update(spec);
      this.#moved(transaction.state, [transaction]);
    }
  }

  #checkSoon(ms: number): void {
    clearTimeout(this.#timer);
    this.#show({ checked: false });
    this.#timer = setTimeout(() => void this.#check(), ms);
  }

  async #check(): Promise<void> {
    if (!this.#state) return;
    const { doc } = this.#state;
    const text = doc.toString();
    const { typed } = this.view.get();
    const machine = typed ? this.#machine.flatMap(whileTyped) : this.#machine;
    const means = typed ? null : this.#seen;
    const { config, diagnostics } = await this.#around.check(text, machine, means);
    // Typed on meanwhile: the check of that is on its way.
    if (!this.#state.doc.eq(doc)) return;
    this.#dispatch(this.#around.mark(this.#state, diagnostics));
    this.#show({ diagnostics, checked: true });
    if (this.view.get().typed) this.#deliver(text, config);
  }

  #deliver(text: string, config: Config): void {
    this.#keep(text);
    const right = errorsIn(this.view.get().diagnostics) === 0;
    if (this.#latest && (this.#seen === null || this.view.get().conflict)) {
      this.#compare(this.#latest, right ? config : null);
    } else if (right) {
      const next = this.#onTop(config);
      this.#seen = next;
      if (next !== config) {
        this.#write(next, false);
        this.#checkSoon(0);
      }
      this.#show({ typed: false, restored: null });
      this.#around.replace(next);
    }
  }

  /** Mine on top of theirs after "keep mine"; else, and when that is the same, mine. */
  #onTop(mine: Config): Config {
    const theirs = this.#latest?.config;
    const kept = this.#keeping && this.#ground && theirs ? mineFirst(this.#ground, mine, theirs) : mine;
    this.#keeping = false;
    return sameConfig(kept, mine) ? mine : kept;
  }

  #conflictOf({ changedBy, changedAt }: DraftView): TextView["conflict"] {
    return { by: changedBy ?? "somebody", at: changedAt ?? "", merges: this.#ground !== null };
  }

  /** The draft may have become what was typed: by another tab, or by this page before it was closed. */
  #compare(draft: DraftView, config: Config | null): void {
    const { print } = this.#around;
    if (config && draft.config && print(config) === print(draft.config)) {
      this.#seen = draft.config;
      this.#show({ typed: false, restored: null, conflict: null });
      this.#settle(draft);
    } else this.#show({ conflict: this.#conflictOf(draft) });
  }

  #keep(text: string): void {
    const errors = errorsIn(this.view.get().diagnostics);
    this.#mine = { text, etag: this.#base, errors, at: this.#around.now() };
    this.#show({ safe: this.#around.keep(this.#mine) });
  }

  #forget(): void {
    if (this.#mine && this.#around.kept() === this.#mine) this.#around.keep(null);
    this.#mine = null;
    this.#show({ safe: true });
  }

  #show(part: Partial<TextView>): void {
    this.view.set({ ...this.view.get(), ...part });
  }
}

/** The changes that make `before` into `after`; what stays, and the cursor in it, stays. */
export function smallest(before: string, after: string) {
  return diff(before, after, DIFF_LIMIT).map(({ fromA, toA, fromB, toB }) => ({
    from: fromA,
    to: toA,
    insert: after.slice(fromB, toB),
  }));
}

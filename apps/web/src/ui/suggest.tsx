import { type ClipboardEvent, type KeyboardEvent, type Ref, useEffect, useId, useRef, useState } from "react";
import { place } from "./menu.tsx";
import styles from "./suggest.module.css";

export type Suggestion = { value: string; detail?: string };

type SuggestProps = {
  value: string;
  set: (value: string) => void;
  /** Called on Enter, on a choice and when the field is left: the value is meant. */
  commit: (value: string) => void;
  /** Instead of `commit` when the field is left. */
  leave?: (value: string) => void;
  /** A function is asked only while there is something to offer. */
  suggestions: Suggestion[] | (() => Suggestion[]);
  label: string;
  className?: string | undefined;
  placeholder?: string | undefined;
  /** Id of what says why the value is not good; marks the field. */
  errorId?: string | undefined;
  /** Id of what else is to be known of the field. */
  describedBy?: string | undefined;
  /** As wide as its value, for a word in a sentence. */
  inline?: boolean;
  autoFocus?: boolean;
  disabled?: boolean;
  /** Sees a key first; prevents the default to keep it from the field. */
  keyDown?: (event: KeyboardEvent<HTMLInputElement>) => void;
  paste?: (event: ClipboardEvent<HTMLInputElement>) => void;
  ref?: Ref<HTMLInputElement> | undefined;
};

/** Most shown at once; more is not a choice but a list. */
const SHOWN = 12;

/** A text field that knows likely values: any text may be typed, arrows and Enter choose (ARIA combobox). */
export function Suggest(props: SuggestProps) {
  const { value, set, commit, suggestions, label, inline = false } = props;
  const id = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [typed, setTyped] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  // Who has just ended a value is not looking for the next one yet.
  const idle = typed && value.trim() === "";
  const shown = open && !idle ? matching(suggestions, typed ? value : "") : [];
  const list = useList(box, shown.length);

  function choose(chosen: string) {
    set(chosen);
    setOpen(false);
    setAt(-1);
    commit(chosen);
  }

  function offer() {
    setTyped(false);
    setOpen(true);
  }

  function pressed(event: KeyboardEvent<HTMLInputElement>) {
    props.keyDown?.(event);
    if (event.defaultPrevented) return;
    if (event.key === "Escape" && open && shown.length > 0) {
      event.stopPropagation();
      setOpen(false);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (shown.length === 0) return offer();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt(shown.length === 0 ? -1 : (at + step + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(shown[at]?.value ?? value);
    }
  }

  return (
    <span ref={box} className={`${styles.suggest} ${inline ? styles.inline : ""}`}>
      <input
        ref={props.ref}
        role="combobox"
        aria-label={label}
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={at >= 0 && shown[at] ? `${id}-${at}` : undefined}
        aria-invalid={props.errorId ? true : undefined}
        aria-describedby={[props.errorId, props.describedBy].filter(Boolean).join(" ") || undefined}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        // biome-ignore lint/a11y/noAutofocus: only the field that the person has just asked for
        autoFocus={props.autoFocus}
        disabled={props.disabled}
        className={props.className}
        placeholder={props.placeholder}
        size={inline ? 1 : undefined}
        style={
          inline ? { width: `${Math.max((value || props.placeholder || "").length, 2) + 0.5}ch` } : undefined
        }
        value={value}
        onChange={(event) => {
          set(event.target.value);
          setTyped(true);
          setOpen(true);
          setAt(-1);
        }}
        onFocus={() => setTyped(false)}
        onClick={offer}
        onKeyDown={pressed}
        onPaste={props.paste}
        onBlur={() => {
          setOpen(false);
          setAt(-1);
          (props.leave ?? commit)(value);
        }}
      />
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={`${label}, suggestions`}
        popover="manual"
        className={styles.list}
      >
        {shown.map((suggestion, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keyboard
          <div
            key={suggestion.value}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className={styles.option}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(suggestion.value)}
          >
            <span>{suggestion.value}</span>
            {suggestion.detail ? <small>{suggestion.detail}</small> : null}
          </div>
        ))}
      </div>
    </span>
  );
}

/** The list above all else, where no panel cuts it off; it stays at its field while that is scrolled. */
function useList(box: { current: HTMLElement | null }, count: number) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const [anchor, element] = [box.current, list.current];
    if (!anchor || !element || count === 0) return;
    const put = () => {
      const { width } = anchor.getBoundingClientRect();
      element.style.minWidth = `${Math.max(180, width)}px`;
      place(element, anchor.getBoundingClientRect());
    };
    element.showPopover();
    put();
    addEventListener("scroll", put, true);
    return () => {
      removeEventListener("scroll", put, true);
      element.hidePopover();
    };
  }, [box, count]);
  return list;
}

/** Those that begin with the typed text, then those that hold it. */
function matching(known: SuggestProps["suggestions"], typed: string): Suggestion[] {
  const suggestions = typeof known === "function" ? known() : known;
  const text = typed.trim().toLowerCase();
  if (text === "") return suggestions.slice(0, SHOWN);
  const holds = suggestions.filter(({ value, detail }) =>
    `${value} ${detail ?? ""}`.toLowerCase().includes(text),
  );
  const first = holds.filter(({ value }) => value.toLowerCase().startsWith(text));
  const sorted = [...first, ...holds.filter((one) => !first.includes(one))];
  return sorted.length === 1 && sorted[0]?.value === typed ? [] : sorted.slice(0, SHOWN);
}

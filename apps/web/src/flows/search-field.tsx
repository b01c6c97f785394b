import type { Config } from "@flowmgr/flow-model";
import { type KeyboardEvent, type Ref, useId, useImperativeHandle, useRef, useState } from "react";
import { completionsAt } from "./search-completion.ts";
import styles from "./search-field.module.css";

type SearchFieldProps = {
  ref?: Ref<HTMLInputElement>;
  query: string;
  /** `fresh`: the first change since the field was entered. */
  set: (query: string, fresh: boolean) => void;
  config: Config;
  interfaces: readonly string[];
  placeholder: string;
  /** To the first flow that was found. */
  toList: () => void;
};

/** The search with completion: arrows and Enter choose, Enter with nothing chosen goes to the list. */
export function SearchField({ ref, query, set, config, interfaces, placeholder, toList }: SearchFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useImperativeHandle(ref, () => input.current ?? document.createElement("input"));
  const [caret, setCaret] = useState<number | null>(null);
  const [at, setAt] = useState(-1);
  const fresh = useRef(true);
  const { from, to, options } =
    caret === null ? { from: 0, to: 0, options: [] } : completionsAt(query, caret, config, interfaces);
  const shut = () => {
    setCaret(null);
    setAt(-1);
  };

  function change(next: string) {
    set(next, fresh.current);
    fresh.current = false;
  }

  function choose(value: string) {
    // A key waits for its value; a whole term is done.
    const whole = value.endsWith(":") ? value : `${value} `;
    const rest = query.slice(to).replace(/^\s+/, "");
    change(query.slice(0, from) + whole + rest);
    setAt(-1);
    const place = from + whole.length;
    setCaret(value.endsWith(":") ? place : null);
    requestAnimationFrame(() => input.current?.setSelectionRange(place, place));
  }

  function pressed(event: KeyboardEvent<HTMLInputElement>) {
    const open = options.length > 0;
    if (event.key === "Escape") {
      if (open) shut();
      else if (query === "") input.current?.blur();
      else change("");
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!open) return event.key === "ArrowDown" ? done(event) : undefined;
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length);
    } else if (event.key === "Enter") {
      const chosen = options[at];
      if (!chosen) return done(event);
      choose(chosen.value);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function done(event: KeyboardEvent) {
    event.preventDefault();
    shut();
    toList();
  }

  return (
    <span className={styles.field}>
      <input
        ref={input}
        type="search"
        role="combobox"
        className={styles.input}
        aria-label="Search flows"
        aria-expanded={options.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={options[at] ? `${id}-${at}` : undefined}
        aria-describedby={`${id}-hint`}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        placeholder={placeholder}
        value={query}
        onChange={(event) => {
          change(event.target.value);
          setCaret(event.target.selectionStart);
          setAt(-1);
        }}
        onFocus={(event) => {
          fresh.current = true;
          setCaret(event.target.selectionStart);
        }}
        onBlur={shut}
        onClick={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={pressed}
      />
      <div className={styles.list} hidden={options.length === 0}>
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label="What can be searched for"
          className={styles.options}
        >
          {options.map(({ value, detail }, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keyboard
            <div
              key={value}
              id={`${id}-${index}`}
              ref={(element) => {
                if (index === at) element?.scrollIntoView({ block: "nearest" });
              }}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className={styles.option}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(value)}
            >
              <span>{value}</span>
              {detail ? <small>{detail}</small> : null}
            </div>
          ))}
        </div>
        <p id={`${id}-hint`} className={styles.hint}>
          All terms must hold, of one rule together. -term: not so. "in quotes": as text.
        </p>
      </div>
    </span>
  );
}

import {
  type ClipboardEvent,
  type FocusEvent,
  type KeyboardEvent,
  type ReactNode,
  useId,
  useRef,
} from "react";
import { afterPress } from "./after-press.ts";
import styles from "./chips.module.css";
import type { ValueProblem } from "./problems.tsx";
import { counted } from "./say.ts";
import { Suggest, type Suggestion } from "./suggest.tsx";
import { useEntry } from "./use-entry.ts";
import { type Entry, holdsSeveral, placeOf, splitValues } from "./values.ts";

type ChipsProps = {
  label: string;
  values: readonly string[];
  /** Whenever values came or went; empty only once the field was left so. */
  set: (values: string[]) => void;
  /** While one is typed: all values with it. */
  typing?: (values: string[]) => void;
  /** Takes a typed word that is none of the values, such as "not"; true when it did. */
  word?: (word: string) => boolean;
  suggestions: Suggestion[];
  /** By the place of the value. */
  problems: ReadonlyMap<number, ValueProblem>;
  /** Id of what shows the problems. */
  errorId: string;
  /** Draws around a chip, for what is to be known of its value. */
  around?: (value: string, chip: ReactNode) => ReactNode;
  /** Shows all values otherwise; called from "and 988 more". */
  showAll: () => void;
  placeholder?: string;
  /** Room for another value is shown, not only to who comes near. */
  offer?: boolean;
  autoFocus?: boolean;
  disabled?: boolean;
};

/** More are said in number: a thousand chips are no choice, and the page shall stay quick. */
const SHOWN = 12;

/**
 * A field of several values. One value is a word, as in any field; more are chips. Enter, comma, space and Tab end a
 * value; Backspace in the empty field takes the last one back into it; arrows walk over the chips, Delete removes.
 */
export function Chips(props: ChipsProps) {
  const { label, values, set, typing, word, disabled } = props;
  const id = useId();
  const field = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const { entry, said, ...can } = useEntry({ values, set, typing, word });
  const shown = shownOf(entry, props.problems);
  const hidden = entry.chips.length - shown.length;
  const textProblem = props.problems.get(entry.at ?? entry.chips.length);

  function reopen(chip: number) {
    can.reopen(chip);
    input.current?.focus();
  }

  function remove(chip: number) {
    const before = chipsOf(field.current)[shown.indexOf(chip) - 1];
    can.removeChip(chip);
    (before ?? input.current)?.focus();
  }

  function walk(from: number, by: 1 | -1) {
    const next = chipsOf(field.current)[shown.indexOf(from) + by];
    if (next) next.focus();
    else if (by > 0) input.current?.focus();
  }

  function pressed(event: KeyboardEvent<HTMLInputElement>) {
    const { selectionStart, selectionEnd } = event.currentTarget;
    if (entry.chips.length === 0 || selectionStart !== 0 || selectionEnd !== 0) return;
    if (event.key === "ArrowLeft") chipsOf(field.current).at(-1)?.focus();
    else if (event.key === "Backspace" && entry.text === "") can.reopen(entry.chips.length - 1);
    else return;
    event.preventDefault();
  }

  function pasted(event: ClipboardEvent<HTMLInputElement>) {
    const text = event.clipboardData.getData("text");
    if (!holdsSeveral(text)) return;
    event.preventDefault();
    const { value, selectionStart, selectionEnd } = event.currentTarget;
    const before = value.slice(0, selectionStart ?? value.length);
    can.end(`${before} ${text} ${value.slice(selectionEnd ?? value.length)}`);
  }

  function left(event: FocusEvent) {
    if (!event.currentTarget.contains(event.relatedTarget)) afterPress(can.leave);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only hears that the focus has left what is inside
    <div ref={field} className={styles.chips} onBlur={left}>
      {shown.length > 0 ? (
        <ul className={styles.list} aria-label={`${label}, ${counted(entry.chips.length, "value")}`}>
          {shown.map((chip) => (
            <Chip
              key={`${chip} ${entry.chips[chip]}`}
              value={entry.chips[chip] ?? ""}
              problem={props.problems.get(placeOf(entry, chip))}
              errorId={props.errorId}
              around={props.around}
              disabled={disabled}
              remove={() => remove(chip)}
              reopen={() => reopen(chip)}
              walk={(by) => walk(chip, by)}
            />
          ))}
        </ul>
      ) : null}
      {hidden > 0 ? (
        <button type="button" className={styles.more} onClick={props.showAll}>
          and {hidden.toLocaleString("en")} more
        </button>
      ) : null}
      <Suggest
        ref={input}
        inline
        label={label}
        className={[
          styles.entry,
          entry.chips.length > 0 && !props.offer ? styles.next : "",
          textProblem ? styles[textProblem.severity] : "",
        ].join(" ")}
        value={entry.text}
        set={can.type}
        commit={can.end}
        leave={() => {}}
        suggestions={props.suggestions.filter(({ value }) => !entry.chips.includes(value))}
        placeholder={entry.chips.length > 0 ? "add" : props.placeholder}
        errorId={textProblem ? props.errorId : undefined}
        describedBy={`${id}-said`}
        autoFocus={props.autoFocus ?? false}
        disabled={disabled ?? false}
        keyDown={pressed}
        paste={pasted}
      />
      <span id={`${id}-said`} className={said.seen ? styles.said : "visually-hidden"} role="status">
        {said.text}
      </span>
    </div>
  );
}

/** Indices of the chips to be seen: of many those that hold what is typed, and of these the bad ones before others. */
function shownOf(entry: Entry, problems: ChipsProps["problems"]): number[] {
  const { chips, text } = entry;
  const all = chips.map((_, index) => index);
  if (chips.length <= SHOWN) return all;
  const [wanted = ""] = splitValues(text);
  const held = wanted === "" ? all : all.filter((index) => chips[index]?.includes(wanted));
  if (problems.size === 0) return held.slice(0, SHOWN);
  const isBad = (index: number) => problems.has(placeOf(entry, index));
  const shown = [
    ...held.filter(isBad).slice(0, SHOWN),
    ...held.filter((index) => !isBad(index)).slice(0, SHOWN),
  ];
  return shown.slice(0, SHOWN).sort((one, other) => one - other);
}

function chipsOf(field: HTMLElement | null): HTMLElement[] {
  return [...(field?.querySelectorAll<HTMLElement>("[data-chip]") ?? [])];
}

type ChipProps = {
  value: string;
  problem: ValueProblem | undefined;
  errorId: string;
  around: ((value: string, chip: ReactNode) => ReactNode) | undefined;
  disabled: boolean | undefined;
  remove: () => void;
  reopen: () => void;
  walk: (by: 1 | -1) => void;
};

function Chip({ value, problem, errorId, around, disabled, remove, reopen, walk }: ChipProps) {
  function pressed(event: KeyboardEvent) {
    if (event.key === "ArrowLeft") walk(-1);
    else if (event.key === "ArrowRight") walk(1);
    else if (!disabled && (event.key === "Delete" || event.key === "Backspace")) remove();
    else if (!disabled && (event.key === "Enter" || event.key === "F2")) reopen();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  const chip = (
    <button
      type="button"
      data-chip
      tabIndex={-1}
      className={`${styles.chip} ${problem ? styles[problem.severity] : ""}`}
      aria-describedby={problem ? errorId : undefined}
      title={problem?.text}
      onKeyDown={pressed}
      onDoubleClick={disabled ? undefined : reopen}
    >
      {value}
    </button>
  );
  return (
    <li className={styles.item}>
      {around ? around(value, chip) : chip}
      {disabled ? null : (
        <button
          type="button"
          tabIndex={-1}
          className={styles.remove}
          aria-label={`Remove ${value}`}
          title={`Remove ${value}`}
          onMouseDown={(event) => event.preventDefault()}
          onClick={remove}
        >
          ×
        </button>
      )}
    </li>
  );
}

import {
  type ClipboardEvent,
  type FocusEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import styles from "./chips.module.css";
import { counted } from "./say.ts";
import { Suggest, type Suggestion } from "./suggest.tsx";
import {
  atRest,
  type Entry,
  holdsSeveral,
  placeOf,
  reopened,
  sameValues,
  splitValues,
  taken,
  typed,
  valuesOf,
} from "./values.ts";

export type ValueProblem = { severity: "error" | "warning"; text: string };

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
  className?: string | undefined;
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
  const { label, values, set, disabled } = props;
  const id = useId();
  const field = useRef<HTMLSpanElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [entry, setEntry] = useState(() => atRest(values));
  const [said, setSaid] = useState("");
  const written = values.join("\n");
  // The draft may change under the field: undo, the text editor, another admin.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the values count, not the array that holds them
  useEffect(() => {
    setEntry((now) =>
      sameValues(valuesOf(now), values) || sameValues(now.chips, values) ? now : atRest(values),
    );
  }, [written]);

  function take({ entry: next, twice }: { entry: Entry; twice: string[] }) {
    const words = next.chips.filter((value) => !entry.chips.includes(value) && props.word?.(value));
    const chips = words.length > 0 ? next.chips.filter((value) => !words.includes(value)) : next.chips;
    setEntry({ ...next, chips });
    setSaid(twice.length > 0 ? `${twice.join(", ")} ${twice.length === 1 ? "is" : "are"} there already` : "");
    if (chips.length > 0 && !sameValues(chips, values.filter(Boolean))) set(chips);
  }

  function type(text: string) {
    const next = typed(entry, text);
    if (next.entry.text === text) setEntry(next.entry);
    else take(next);
    props.typing?.(valuesOf(next.entry));
  }

  function removeChip(index: number) {
    const chips = entry.chips.toSpliced(index, 1);
    setEntry({ ...entry, chips, at: null });
    setSaid(`${entry.chips[index]} removed`);
    if (chips.length > 0) set(chips);
    chipsOf(field.current)[Math.min(index, chips.length) - 1]?.focus();
    if (index === 0 || chips.length === 0) input.current?.focus();
  }

  function reopen(index: number) {
    setEntry(reopened(entry, index));
    input.current?.focus();
  }

  function pressed(event: KeyboardEvent<HTMLInputElement>) {
    const atStart = event.currentTarget.selectionStart === 0 && event.currentTarget.selectionEnd === 0;
    if (entry.chips.length === 0 || !atStart) return;
    if (event.key === "ArrowLeft") {
      event.preventDefault();
      chipsOf(field.current).at(-1)?.focus();
    } else if (event.key === "Backspace" && entry.text === "") {
      event.preventDefault();
      setEntry(reopened(entry, entry.chips.length - 1));
    }
  }

  function pasted(event: ClipboardEvent<HTMLInputElement>) {
    const text = event.clipboardData.getData("text");
    if (!holdsSeveral(text)) return;
    event.preventDefault();
    take(taken({ ...entry, text: `${entry.text} ${text}` }));
  }

  function left(event: FocusEvent) {
    if (event.currentTarget.contains(event.relatedTarget)) return;
    setSaid("");
    setEntry((now) => atRest(valuesOf(now)));
    if (valuesOf(entry).length === 0) set([]);
  }

  const shown = shownOf(entry);
  const hidden = entry.chips.length - shown.length;
  const textProblem = props.problems.get(entry.at ?? entry.chips.length);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only hears that the focus has left what is inside
    <span ref={field} className={styles.chips} onBlur={left}>
      {shown.length > 0 ? (
        <ul className={styles.list} aria-label={`${label}, ${counted(entry.chips.length, "value")}`}>
          {shown.map((index) => (
            <Chip
              key={`${index} ${entry.chips[index]}`}
              value={entry.chips[index] ?? ""}
              problem={props.problems.get(placeOf(entry, index))}
              errorId={props.errorId}
              around={props.around}
              disabled={disabled}
              remove={() => removeChip(index)}
              reopen={() => reopen(index)}
              walk={(by) => {
                const all = chipsOf(field.current);
                const next = all[shown.indexOf(index) + by];
                if (next) next.focus();
                else if (by > 0) input.current?.focus();
              }}
            />
          ))}
        </ul>
      ) : null}
      {hidden > 0 ? (
        <button type="button" className={styles.more} onClick={props.showAll}>
          and {hidden} more
        </button>
      ) : null}
      <Suggest
        ref={input}
        inline
        label={label}
        className={`${styles.entry} ${entry.chips.length > 0 ? styles.next : ""} ${textProblem ? styles[textProblem.severity] : ""} ${props.className ?? ""}`}
        value={entry.text}
        set={type}
        commit={(text) => take(taken({ ...entry, text }))}
        suggestions={props.suggestions.filter(({ value }) => !entry.chips.includes(value))}
        placeholder={entry.chips.length > 0 ? "add" : props.placeholder}
        errorId={textProblem ? props.errorId : undefined}
        describedBy={`${id}-said`}
        autoFocus={props.autoFocus ?? false}
        disabled={disabled ?? false}
        keyDown={pressed}
        paste={pasted}
      />
      <span id={`${id}-said`} className={said === "" ? "visually-hidden" : styles.said} role="status">
        {said}
      </span>
    </span>
  );
}

/** Indices of the chips to be seen: the first, or, of many, those that hold what is typed. */
function shownOf({ chips, text }: Entry): number[] {
  const all = chips.map((_, index) => index);
  if (chips.length <= SHOWN) return all;
  const [wanted = ""] = splitValues(text);
  return all.filter((index) => chips[index]?.includes(wanted)).slice(0, SHOWN);
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

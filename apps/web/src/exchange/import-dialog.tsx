import { type Config, EMPTY_CONFIG, flowsOf, print } from "@flowmgr/flow-model";
import {
  type Imported,
  type ImportSource,
  importSourceOf,
  importText,
  LONGEST,
} from "@flowmgr/flow-model/exchange";
import { useDeferredValue, useId, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useDraft, useEdit } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { notify } from "../ui/notices.tsx";
import { counted } from "../ui/say.ts";
import { Segmented } from "../ui/segmented.tsx";
import styles from "./exchange.module.css";
import { Text } from "./export-dialog.tsx";
import { insertionOf } from "./insert.ts";
import { LeftOutLines } from "./left-out-lines.tsx";
import { useMarks } from "./use-marks.ts";

type ImportProps = {
  /** What was pasted. */
  pasted: string;
  /** The selected flow; null when there is none. */
  after: string | null;
  /** Why nothing can be changed now; null when it can. */
  locked: string | null;
  close: () => void;
};

type Where = "after" | "end" | "replace";

const SOURCES: { value: ImportSource; label: string }[] = [
  { value: "page", label: "Flows in text" },
  { value: "iptables-save", label: "iptables-save" },
];

/** Paste or choose a file, see what becomes of it, insert it as one step. */
export function ImportDialog({ pasted, after, locked, close }: ImportProps) {
  const [text, setText] = useState(pasted);
  const [chosen, choose] = useState<ImportSource | null>(null);
  const [where, setWhere] = useState<Where>(after === null ? "end" : "after");
  const read = useDeferredValue(text);
  const marks = useMarks();
  const from = chosen ?? importSourceOf(read);
  const tooLong = complaint(read, from);
  const imported = useMemo(
    () => (tooLong ? NOTHING : importText(read, from, { marks })),
    [tooLong, read, from, marks],
  );
  const found = flowsOf(imported.config).length;
  const insert = useInsert(imported, close);
  const places = [
    ...(after === null ? [] : [{ value: "after" as const, label: `After ${after}` }]),
    { value: "end" as const, label: "At the end" },
    { value: "replace" as const, label: "Replace the draft" },
  ];
  const what = where === "replace" ? "Replace by" : "Insert";
  return (
    <Dialog title="Import" close={close}>
      <Source text={text} setText={setText} />
      {read.trim() === "" ? null : (
        <>
          <Segmented legend="Read as" segments={SOURCES} value={from} set={choose} />
          {tooLong ? <Complaint>{tooLong}</Complaint> : <Found imported={imported} />}
          <Segmented legend="Where" segments={places} value={where} set={setWhere} />
        </>
      )}
      <div className={styles.answers}>
        <Button onClick={close}>Cancel</Button>
        <Button
          look="primary"
          disabled={found === 0 || locked !== null || read !== text}
          title={locked ?? undefined}
          onClick={() =>
            insert(where === "replace" ? "replace" : { after: where === "after" ? after : null })
          }
        >
          {found === 0 ? "Insert" : `${what} ${counted(found, "flow")}`}
        </Button>
      </div>
    </Dialog>
  );
}

const NOTHING: Imported = { config: EMPTY_CONFIG, leftOut: [] };

/** Why a text is not read; null when it is. */
function complaint(text: string, from: ImportSource): string | null {
  if (text.length <= LONGEST[from]) return null;
  const [most, has] = [LONGEST[from], text.length].map((count) => counted(count, "character"));
  const advice = from === "page" ? " A whole config in text goes into the place Text." : "";
  return `At most ${most} are read at once so, and this text has ${has}.${advice}`;
}

function Complaint({ children }: { children: string }) {
  return (
    <p className={styles.problem} role="alert">
      {children}
    </p>
  );
}

/** Largest file that is opened, in bytes: four for every character of the longest text. */
const MOST_BYTES = 4 * Math.max(...Object.values(LONGEST));

function Source({ text, setText }: { text: string; setText: (text: string) => void }) {
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  async function readFile(file: File | undefined): Promise<void> {
    if (!file) return;
    if (file.size > MOST_BYTES) return setProblem(`${file.name} is larger than 16 MB.`);
    setProblem(null);
    setText(await file.text());
  }
  return (
    <>
      <label className={styles.label} htmlFor={id}>
        Paste a page that shows flows, flow text, or what iptables-save prints.
      </label>
      <textarea
        id={id}
        className={styles.text}
        rows={7}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <label className={styles.file}>
        Or choose a file{" "}
        <input
          type="file"
          accept=".txt,.conf,.rules,.v4,.v6,.html,text/*"
          onChange={(event) => void readFile(event.target.files?.[0])}
        />
      </label>
      {problem ? <Complaint>{problem}</Complaint> : null}
    </>
  );
}

function Found({ imported: { config, leftOut } }: { imported: Imported }) {
  const flows = flowsOf(config).length;
  const text = useMemo(() => print(config), [config]);
  return (
    <>
      <p role="status">
        <b>{flows === 0 ? "No flow found" : `${counted(flows, "flow")} found`}</b>
        {leftOut.length === 0 ? ", nothing left out" : `, ${counted(leftOut.length, "line")} left out`}
      </p>
      {flows === 0 ? null : <Text label="Flows found" text={text} />}
      <LeftOutLines leftOut={leftOut} />
    </>
  );
}

/** Inserts as one step of the undo list, or makes it the draft; says what happened. */
function useInsert({ config }: Imported, close: () => void) {
  const draft = useDraft().config ?? EMPTY_CONFIG;
  const { edit, replace, undo } = useEdit();
  const [, go] = useLocation();
  return (where: "replace" | { after: string | null }) => {
    const done = where === "replace" ? replaced(config) : inserted(config, draft, where.after);
    const problem = done.edits ? edit(done.edits, done.step) : replace(config, done.step);
    close();
    if (problem) return notify({ text: `Cannot ${done.step}: ${problem.message}`, tone: "error" });
    go("/flows");
    notify({ text: done.said, action: { label: "Undo", run: undo, undoes: done.step } });
  };
}

function replaced(config: Config) {
  const what = counted(flowsOf(config).length, "flow");
  return { edits: null, step: `replace the draft by ${what}`, said: `The draft is now ${what}` };
}

function inserted(config: Config, draft: Config, after: string | null) {
  const { edits, names, renamed } = insertionOf(config, draft, after);
  const what = names.length === 1 ? `flow ${names[0]}` : counted(names.length, "flow");
  const note = renamed.length === 0 ? "" : `; names were taken, so now ${renamed.join(", ")}`;
  return { edits, step: `import ${what}`, said: `Inserted ${what}${note}` };
}

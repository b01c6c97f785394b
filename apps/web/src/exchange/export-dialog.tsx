import { type Config, type Diagnostic, EMPTY_CONFIG } from "@flowmgr/flow-model";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useDraft } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/clipboard.ts";
import { Dialog } from "../ui/dialog.tsx";
import { counted } from "../ui/say.ts";
import { Segmented } from "../ui/segmented.tsx";
import styles from "./exchange.module.css";
import { beginningOf, FORMS, type Form, writtenAs } from "./forms.ts";

/** The draft as text, in the original page's words or as JSON, to copy or to keep as a file. */
export function ExportDialog({ close }: { close: () => void }) {
  const config = useDraft().config ?? EMPTY_CONFIG;
  const [form, setForm] = useState<Form>("text");
  return (
    <Dialog title="Export the draft" close={close}>
      <Segmented
        legend="As"
        segments={FORMS.map(({ value, label }) => ({ value, label }))}
        value={form}
        set={setForm}
      />
      <Written form={form} config={config} close={close} />
    </Dialog>
  );
}

function Written({ form, config, close }: { form: Form; config: Config; close: () => void }) {
  const written = useMemo(() => writtenAs(form, config), [form, config]);
  const text = "text" in written ? written.text : null;
  return (
    <>
      {form === "page" ? (
        <p className={styles.quiet}>
          Single values only: lists become several rules, what is off becomes a comment.
        </p>
      ) : null}
      {"problems" in written ? (
        <Problems problems={written.problems} close={close} />
      ) : (
        <Text label="Exported text" text={written.text} />
      )}
      <div className={styles.answers}>
        <Button onClick={close}>Close</Button>
        <Button disabled={text === null} onClick={() => text !== null && download(form, text)}>
          Download
        </Button>
        <Button
          look="primary"
          disabled={text === null}
          onClick={async () => {
            if (text === null) return;
            await copyText(text, `Copied ${counted(text.split("\n").length - 1, "line")}`);
            close();
          }}
        >
          Copy
        </Button>
      </div>
    </>
  );
}

function Problems({ problems, close }: { problems: Diagnostic[]; close: () => void }) {
  return (
    <section aria-label="What cannot be said">
      <p role="alert">The original page has no words for {counted(problems.length, "rule")}:</p>
      <ul className={styles.problems}>
        {problems.slice(0, MOST_PROBLEMS).map(({ path, flow = "", rule, message, help }) => (
          <li key={path}>
            <Link href={`/flows/${encodeURIComponent(flow)}`} onClick={close}>
              {flow}, rule {rule}
            </Link>
            : {message}; {help}
          </li>
        ))}
      </ul>
      {problems.length > MOST_PROBLEMS ? <p>and {problems.length - MOST_PROBLEMS} more</p> : null}
    </section>
  );
}

const MOST_PROBLEMS = 100;

/** Text in a frame that scrolls; a long one only by its beginning. */
export function Text({ label, text }: { label: string; text: string }) {
  const { shown, more } = beginningOf(text);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={styles.preview} aria-label={label} tabIndex={0}>
      <pre>{shown}</pre>
      {more > 0 ? <p>and {counted(more, "line")} more</p> : null}
    </section>
  );
}

function download(form: Form, text: string): void {
  const { file = "flows.txt", type = "text/plain" } = FORMS.find(({ value }) => value === form) ?? {};
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}

import { type Config, type List, type ListUse, usesOf } from "@flowmgr/flow-model";
import { Link } from "wouter";
import { type Edited, useStore } from "../api/index.ts";
import { ArrivalNote } from "../frame/arrival-note.tsx";
import { type Action, menuOf } from "../ui/actions.ts";
import { addressOfItem } from "../ui/item-address.ts";
import { listAddress } from "../ui/list-chip.tsx";
import { Menu } from "../ui/menu.tsx";
import { problemAt } from "../ui/problems.tsx";
import { SidePanel } from "../ui/side-panel.tsx";
import { linesOf, TextField } from "../ui/text-field.tsx";
import { UnsavedNotice } from "../ui/unsaved-notice.tsx";
import styles from "./lists.module.css";
import { placeInFlow } from "./rows.ts";
import { unsavedLists, useList } from "./use-list.ts";
import { ValuesField } from "./values-field.tsx";

type ListPanelProps = {
  name: string;
  config: Config;
  readOnly: boolean;
  /** What can be done to the list as a whole. */
  actions: Action[];
  /** The list got this name. */
  renamed: (to: string) => void;
  close: () => void;
};

/** One list, every part of it a field, and where it is used. */
export function ListPanel({ name, config, readOnly, actions, renamed, close }: ListPanelProps) {
  const edited = useList(name, config, renamed);
  return (
    <SidePanel
      label={`List ${name}`}
      title={`@${name}`}
      tools={edited ? <Tools name={name} actions={actions} /> : null}
      close={close}
    >
      <ArrivalNote name={`@${name}`} />
      {edited ? <Fields edited={edited} config={config} readOnly={readOnly} /> : <Gone name={name} />}
    </SidePanel>
  );
}

/** No such list any more; what was typed for it is not lost. */
function Gone({ name }: { name: string }) {
  const typed = useStore(unsavedLists).get(name);
  return (
    <>
      <p className={styles.quiet}>
        The draft has no list {name}. It was removed or renamed; Undo brings it back, if it was you.
      </p>
      {typed ? (
        <>
          <p className={styles.quiet}>What you typed and was not saved yet:</p>
          <pre className="mono">{typed.item.values.join("\n")}</pre>
        </>
      ) : null}
    </>
  );
}

function Fields({ edited, config, readOnly }: { edited: Edited<List>; config: Config; readOnly: boolean }) {
  const { item: list, diagnostics, set } = edited;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return (
    <>
      {edited.saved ? null : (
        <UnsavedNotice errors={errors} meanwhile={edited.meanwhile} goBack={edited.goBack} />
      )}
      <TextField
        insists
        label="Name"
        value={list.name}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/name")}
        commit={(name) =>
          set({ ...list, name: name.trim().replace(/^@/, "") }, `rename the list ${list.name}`)
        }
      />
      <ValuesField
        list={list}
        config={config}
        diagnostics={diagnostics}
        set={(values) => set({ ...list, values }, `values of the list ${list.name}`)}
        disabled={readOnly}
      />
      <TextField
        insists
        label="Comment"
        lines
        value={list.comment.join("\n")}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/comment")}
        commit={(text) => set({ ...list, comment: linesOf(text) }, `comment of the list ${list.name}`)}
      />
      <TextField
        insists
        label="Note, on the list's own line"
        value={list.note}
        disabled={readOnly}
        problem={problemAt(diagnostics, "/note")}
        commit={(note) => set({ ...list, note: note.trim() }, `note of the list ${list.name}`)}
      />
      <Uses uses={usesOf(config).get(list.name) ?? []} />
    </>
  );
}

/** Every place that names the list, each a way there. */
function Uses({ uses }: { uses: ListUse[] }) {
  return (
    <section aria-label="Where it is used">
      <h3 className={styles.label}>Used in</h3>
      {uses.length === 0 ? (
        <p className={styles.quiet}>No rule, no list and no expectation names it.</p>
      ) : null}
      <ul className={styles.uses}>
        {uses.map((use) =>
          "list" in use ? (
            <li key={`@${use.list}`}>
              <Link href={listAddress(use.list)}>@{use.list}</Link>
            </li>
          ) : "expect" in use ? (
            <li key={`${use.expect} ${use.kind}`}>
              <Link href={addressOfItem(use.expect)}>{use.expect}</Link>
            </li>
          ) : (
            <li key={`${use.flow} ${use.rule} ${use.kind}`}>
              <Link href={`/flows/${encodeURIComponent(use.flow)}`}>{use.flow}</Link>{" "}
              <span className={styles.quiet}>{placeInFlow(use)}</span>
            </li>
          ),
        )}
      </ul>
    </section>
  );
}

function Tools({ name, actions }: { name: string; actions: Action[] }) {
  return (
    <>
      <span className={styles.space} />
      <Menu label={`Actions of list ${name}`} className={styles.more} entries={() => menuOf(actions)}>
        <span aria-hidden="true">⋯</span>
      </Menu>
    </>
  );
}

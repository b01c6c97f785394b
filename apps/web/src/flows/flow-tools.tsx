import type { Config } from "@flowmgr/flow-model";
import type { Ref } from "react";
import { asking } from "../frame/asking.ts";
import { type Action, menuOf, perform } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import styles from "./flows-place.module.css";
import { SearchField } from "./search-field.tsx";

type ToolsProps = {
  ref: Ref<HTMLInputElement>;
  query: string;
  setQuery: (query: string, fresh?: boolean) => void;
  config: Config;
  interfaces: readonly string[];
  narrow: boolean;
  /** "3 of 120 flows"; empty while nothing is searched for. */
  found: string;
  more: Action[];
  add: Action;
  addOut: Action;
  /** From other texts, behind the selected flow. */
  bring: Action;
  toList: () => void;
};

const TEMPLATE: Action = {
  id: "Flows New from template…",
  label: "New from template…",
  group: "Flows",
  disabled: null,
  run: () => asking.set("templates"),
};

/** The line above the list. */
export function FlowTools({ ref, narrow, found, more, add, addOut, bring, ...search }: ToolsProps) {
  return (
    <div className={styles.tools}>
      <SearchField
        ref={ref}
        query={search.query}
        set={search.setQuery}
        config={search.config}
        interfaces={search.interfaces}
        placeholder={narrow ? "Search flows" : "10.1.2.3 · dst: · port: · policy: · unused"}
        toList={search.toList}
      />
      <span className={styles.found} role="status">
        {found}
      </span>
      <Menu label="More" className={styles.more} entries={() => menuOf(more)}>
        <span aria-hidden="true">⋯</span>
      </Menu>
      <Button
        aria-disabled={add.disabled !== null || undefined}
        title={add.disabled ?? undefined}
        onClick={() => perform(add)}
      >
        + Flow
      </Button>
      <Menu
        label="Other ways to add"
        className={styles.more}
        entries={() => menuOf([add, addOut, TEMPLATE, bring])}
      >
        <span aria-hidden="true">▾</span>
      </Menu>
    </div>
  );
}

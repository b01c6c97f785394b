import type { Status } from "@flowmgr/flow-api";
import { type Config, printPacket } from "@flowmgr/flow-model";
import { type Ref, useId } from "react";
import { suggestionsFor } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/clipboard.ts";
import { Segmented } from "../ui/segmented.tsx";
import { Suggest, type Suggestion } from "../ui/suggest.tsx";
import fieldStyles from "../ui/text-field.module.css";
import styles from "./packets.module.css";
import {
  type PacketForm as Form,
  fieldsFor,
  isEmpty,
  type PacketField,
  type ReadPacket,
  type TypedPacket,
  typedField,
} from "./typed-packet.ts";

const LABELS: { [field in PacketField]: string } = {
  iface: "Interface",
  proto: "Protocol",
  src: "From",
  srcport: "Source port",
  dst: "To",
  dstport: "Port",
  icmptype: "ICMP type",
  state: "State",
};

const PLACEHOLDERS: { [field in PacketField]?: string } = {
  src: "10.0.0.1",
  dst: "192.168.0.2",
  srcport: "49152",
  dstport: "25",
  icmptype: "8/0",
  state: "new",
};

export const EXAMPLE = "tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0";

type PacketFormProps = {
  ref: Ref<HTMLInputElement>;
  typed: TypedPacket;
  read: ReadPacket;
  set: (typed: TypedPacket) => void;
  type: (line: string) => void;
  config: Config;
  status: Status | undefined;
};

/** One line to paste or type, and a field for each part that a packet of its protocol has. */
export function PacketForm({ ref, typed, read, set, type, config, status }: PacketFormProps) {
  const id = useId();
  const { form, stray } = typed;
  const { packet, problems, missing } = read;
  const begun = !isEmpty(typed);
  return (
    <div className={styles.form}>
      <div className={styles.lineRow}>
        <input
          ref={ref}
          className={`${fieldStyles.input} ${styles.line} mono`}
          aria-label="Packet as a line"
          aria-invalid={stray !== null}
          aria-describedby={`${id}-line`}
          placeholder={EXAMPLE}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={typed.line}
          onChange={(event) => type(event.target.value)}
        />
        <Button
          aria-disabled={packet === null || undefined}
          title={packet === null ? "There is no whole packet yet." : undefined}
          onClick={() => packet && void copyText(printPacket(packet), "Packet copied as a line")}
        >
          Copy line
        </Button>
      </div>
      <div className={styles.fields}>
        <div className={styles.direction}>
          <Segmented
            legend="Direction"
            value={form.direction}
            set={(direction) => set(typedField(typed, "direction", direction))}
            segments={[
              { value: "in", label: "in" },
              { value: "out", label: "out" },
            ]}
          />
        </div>
        {fieldsFor(form).map((field) => (
          <Field
            key={field}
            field={field}
            value={form[field]}
            set={(value) => set(typedField(typed, field, value))}
            suggestions={suggestions(field, form, config, status)}
            problem={problems[field]}
          />
        ))}
      </div>
      <p id={`${id}-line`} className={stray === null ? styles.quiet : fieldStyles.problem} aria-live="polite">
        {stray ?? (begun && missing.length > 0 ? `Still missing: ${missing.map(wordOf).join(", ")}.` : "")}
      </p>
    </div>
  );
}

function wordOf(field: PacketField): string {
  return LABELS[field].replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase());
}

type FieldProps = {
  field: PacketField;
  value: string;
  set: (value: string) => void;
  suggestions: Suggestion[];
  problem: string | undefined;
};

function Field({ field, value, set, suggestions, problem }: FieldProps) {
  const id = useId();
  return (
    <div className={`${fieldStyles.field} ${styles[field]}`}>
      <span className={fieldStyles.label} aria-hidden="true">
        {LABELS[field]}
      </span>
      <Suggest
        label={LABELS[field]}
        className={`${fieldStyles.input} mono`}
        value={value}
        set={set}
        commit={() => {}}
        suggestions={suggestions}
        placeholder={PLACEHOLDERS[field]}
        errorId={problem ? id : undefined}
      />
      {problem ? (
        <p id={id} className={fieldStyles.problem}>
          {problem}
        </p>
      ) : null}
    </div>
  );
}

/** What a packet may have: one address, one port, no names of lists. */
function suggestions(
  field: PacketField,
  form: Form,
  config: Config,
  status: Status | undefined,
): Suggestion[] {
  const all = suggestionsFor(field, [form.proto.trim()], config, status);
  return all.filter(({ value }) => !value.startsWith("@") && !/[/+]/.test(value));
}

/** The dialogs of import and export, over whatever place is shown. */
import { lazy, Suspense } from "react";
import { useStore } from "../api/index.ts";
import { useActions } from "../ui/actions.ts";
import { exchangeActions } from "./actions.ts";
import { exchange } from "./asking.ts";

const ImportDialog = lazy(async () => ({ default: (await import("./import-dialog.tsx")).ImportDialog }));
const ExportDialog = lazy(async () => ({ default: (await import("./export-dialog.tsx")).ExportDialog }));

/** `textErrors`: errors of a text that is not in the draft; nothing else can be changed meanwhile. */
export function ExchangeDialogs({ textErrors }: { textErrors: number }) {
  const asked = useStore(exchange);
  const close = () => exchange.set(null);
  useActions(Object.values(exchangeActions()), "everywhere");
  if (!asked) return null;
  return (
    <Suspense fallback={null}>
      {asked.kind === "export" ? (
        <ExportDialog close={close} />
      ) : (
        <ImportDialog
          pasted={asked.text}
          after={asked.after}
          locked={textErrors > 0 ? "The draft is read-only while the text has errors." : null}
          close={close}
        />
      )}
    </Suspense>
  );
}

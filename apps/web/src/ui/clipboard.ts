import { notify } from "./notices.tsx";

/** Copies a text and says so, `done`; or that the browser would not. */
export async function copyText(text: string, done: string): Promise<void> {
  try {
    await writeClipboard(text);
    notify({ text: done });
  } catch {
    notify({ text: "Not copied: the browser does not let this page write to the clipboard.", tone: "error" });
  }
}

/** The clipboard needs a secure context; over plain http a hidden field stands in. */
async function writeClipboard(text: string): Promise<void> {
  if ("clipboard" in navigator) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("not copied");
}

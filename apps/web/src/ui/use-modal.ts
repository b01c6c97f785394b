import { type RefObject, useLayoutEffect, useRef } from "react";

/** The ref of a dialog that stands over all else as long as it is drawn; behind it the focus is where it was before. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  // A layout effect ends while the element is still in the document; closed later, it gives the focus to nobody.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return dialog;
}

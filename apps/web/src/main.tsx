import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./ui/tokens.css";
import "./ui/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/index.ts";
import { App } from "./app.tsx";
import { showTheme } from "./ui/theme.ts";

showTheme();
// A field counts when it is left, and so does one that a reload or a closed tab leaves.
addEventListener("pagehide", () => {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
});
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}

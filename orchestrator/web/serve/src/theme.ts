// Light or dark: what the reader chose, else what the system says. Charts draw with the colours of the style sheet.
import {useEffect, useState} from "preact/hooks";

export type Theme = "auto" | "light" | "dark";
const stored = "enough-theme";
const changedEvent = "enough-theme-changed";

export function readTheme(): Theme {
  try {
    const value = localStorage.getItem(stored);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // storage may be forbidden
  }
}

export function setTheme(theme: Theme): void {
  try {
    if (theme === "auto") localStorage.removeItem(stored);
    else localStorage.setItem(stored, theme);
  } catch {
    // Then it holds for this page alone.
  }
  applyTheme(theme);
  dispatchEvent(new Event(changedEvent));
}

export function applyTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Grows whenever colours change. */
export function useColourVersion(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const changed = () => setVersion((before) => before + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", changed);
    addEventListener(changedEvent, changed);
    return () => {
      system.removeEventListener("change", changed);
      removeEventListener(changedEvent, changed);
    };
  }, []);
  return version;
}

export const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Numbers and times as people read them.

const minus = "\u2212";
const none = "–";

export function number(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  const text = Math.abs(value).toLocaleString("en-GB", {minimumFractionDigits: digits, maximumFractionDigits: digits});
  return (value < 0 && Number(value.toFixed(digits)) !== 0 ? minus : "") + text;
}

export const count = (value: number | null | undefined) => number(value, 0);

export function percent(share: number | null | undefined, digits = 0): string {
  return share === null || share === undefined ? none : `${number(share * 100, digits)}\u00a0%`;
}

/** US dollars, with as many digits as a small sum needs. */
export function usd(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (value === 0) return "$0";
  if (value >= 1) return `$${number(value, 2)}`;
  const digits = Math.min(8, Math.max(3, 1 - Math.floor(Math.log10(Math.abs(value)))));
  return `$${number(value, digits)}`;
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none;
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${number(ms, 0)} ms`;
  if (ms < 60_000) return `${number(ms / 1000, 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment, in seconds since 1970, as exact as a span of so many seconds needs. In the reader's own time zone. */
export function timeOfDay(at: number, span: number): string {
  const date = new Date(at * 1000);
  if (span > 2 * 86_400) return date.toLocaleDateString("en-GB", {day: "numeric", month: "short"});
  const time = {hour: "2-digit", minute: "2-digit"} as const;
  return date.toLocaleTimeString("en-GB", span < 600 ? {...time, second: "2-digit"} : time);
}

export function age(started: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(started)) / 1000);
  if (!Number.isFinite(seconds)) return none;
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function excerpt(text: string, most = 120): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= most ? line : characters.slice(0, most - 1).join("") + "…";
}

const words: Record<string, string> = {
  over_budget: "over budget", for_each: "for each", tool_calls: "tool calls", stopped_early: "stopped early",
};
export const inWords = (name: string) => words[name] ?? name.replaceAll("_", " ");

export const plural = (amount: number, one: string, many = `${one}s`) => `${count(amount)} ${amount === 1 ? one : many}`;

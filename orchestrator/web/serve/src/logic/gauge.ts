// A value against a threshold, as a small bar.

export interface Gauge {
  /** Shares of the bar's width, 0 to 1. */
  value: number;
  threshold: number | null;
  accepted: boolean;
  /** Which side of the threshold is sure. */
  surer: "left" | "right";
}

/** Signals that are surer when low: the entropies. */
export const lowerIsSurer = (signal: string) => signal.startsWith("entropy.");

/** The bar begins at 0, or at the smaller value where one is below; it ends beyond the larger one. */
export function gauge(signal: string, value: number, threshold: number | null): Gauge {
  const known = threshold === null ? [value] : [value, threshold];
  const low = Math.min(0, ...known);
  const probability = !signal.includes(".") || signal === "agreement.share";
  const high = probability && low >= 0 ? Math.max(1, ...known) : Math.max(...known, low + 1e-9) + (Math.max(...known) - low) * 0.25;
  const place = (x: number) => Math.min(1, Math.max(0, (x - low) / (high - low)));
  const low_is_sure = lowerIsSurer(signal);
  return {
    value: place(value),
    threshold: threshold === null ? null : place(threshold),
    accepted: threshold !== null && (low_is_sure ? value <= threshold : value >= threshold),
    surer: low_is_sure ? "left" : "right",
  };
}

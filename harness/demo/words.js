// Numbers and durations as people read them.

export const number = (value) => value.toLocaleString("en-US");

export const bytes = (value) => `${number(value)} ${value === 1 ? "byte" : "bytes"}`;

export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

export function times(original, thumbnail) {
  if (!original || !thumbnail) return "";
  const ratio = original / thumbnail;
  return ratio >= 1 ? `${number(Number(ratio.toPrecision(3)))} times smaller` : "larger than the original";
}

export function ahead(seconds) {
  const days = Math.round(seconds / 86_400);
  if (!days) return "now";
  const years = Math.floor(days / 365), rest = days % 365;
  const parts = [years && `${years} year${years > 1 ? "s" : ""}`, rest && `${rest} day${rest > 1 ? "s" : ""}`];
  return `${parts.filter(Boolean).join(", ")} ahead`;
}

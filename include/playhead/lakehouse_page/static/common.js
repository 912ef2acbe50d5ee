// What the pages share: elements, words, questions to the app and to Airflow's API, the theme.

export const at = (id) => document.getElementById(id);
export const when = (moment) => (moment ? new Date(moment).toISOString().slice(0, 16).replace("T", " ") + " UTC" : "never");
export const count = (number) => Number(number).toLocaleString("en");

/** An element with text or children: nothing that comes from data is ever read as HTML. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export async function ask(address, body) {
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const response = await fetch(address, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const reason = typeof answer.detail === "string" ? answer.detail : JSON.stringify(answer.detail ?? response.statusText);
    throw new Error(response.status === 403 ? `your account lacks the right to do this (${reason})` : reason);
  }
  return answer;
}

// --- looks: Airflow keeps its theme in this browser's storage, which the frame shares

export function followTheme() {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export function fact([title, text, isBad]) {
  return element("div", { className: isBad ? "bad" : "" }, element("dt", {}, title), element("dd", {}, isBad ? `⚠ ${text}` : text));
}

// The Lakehouse page. It asks its own app for the overview, and Airflow's API for repairs, both as the user who is signed in: the browser
// sends the session's cookie along.

import { ask, at, count, element, fact, followTheme, when } from "./common.js";

const AIRFLOW = "../api/v2";
const POLL_MS = 3000;
const SYMBOLS = {
  complete: ["✓", "complete"],
  late_corrected: ["~", "late-corrected"],
  pending: ["…", "pending"],
  partial: ["◐", "published before it was over"],
  missing: ["×", "missing"],
  failed_gate: ["!", "failed its gate"],
  none: ["", "not expected"],
};

// --- now

function showNow(overview) {
  const { stream, books, loads, model, alerts, alert_minutes: minutes, unread } = overview;
  const facts = [];
  const add = (title, text, isBad = false) => facts.push([title, text, isBad]);
  const differing = Object.entries(books?.differing_minutes ?? {}).map(([table, minutes]) => `${table} in ${count(minutes)} minutes`);
  if (unread.alerts) add("Alerts", `cannot be read (${unread.alerts})`, true);
  else if (!alerts.length) add("Alerts", `none by the events of the last ${count(minutes)} minutes`);
  for (const { rule, severity, events, raised_at: raised } of alerts ?? []) {
    add(`Alert (${severity})`, `${rule}: ${count(events)} events of the last ${count(minutes)} minutes, newest ${when(raised)}`, severity !== "info");
  }
  if (unread.stream) add("Stream", `cannot be read (${unread.stream})`, true);
  else if (!stream) add("Stream", "no heartbeat is found here", true);
  else {
    const heard = `heard ${count(Math.round(stream.age_s))} s ago; ${count(stream.rows_per_s)} records/s in its last batch`;
    add("Stream", `${stream.is_stale ? "silent" : "alive"}, ${heard}`, stream.is_stale);
  }
  if (unread.books) add("Books", `cannot be read (${unread.books})`, true);
  else if (!books) add("Books", "not reconciled yet");
  else if (differing.length) add("Books", `differ: ${differing.join(", ")}`, true);
  else add("Books", `balance: ${count(books.events)} events since ${books.since}, ${when(books.finished * 1000)}`);
  if (unread.loads) add("Warehouse", `cannot be read (${unread.loads})`, true);
  else if (!loads?.finished) add("Warehouse", "not loaded yet");
  else {
    const rows = Object.values(loads.rows).reduce((sum, each) => sum + each, 0);
    const bad = (loads.outcomes.failed ?? 0) + (loads.outcomes.mismatched ?? 0);
    const lasts = `loaded ${when(loads.finished * 1000)}; ${count(rows)} rows in the last load that had any`;
    add("Warehouse", `${lasts}; ${count(bad)} of all loads failed or differed`);
  }
  if (unread.model) add("Churn model", `cannot be read (${unread.model})`, true);
  else if (!model) add("Churn model", "none has scored in these weeks");
  else add("Churn model", `${model.version} scored ${count(model.users)} users of ${model.score_date}`);
  at("now").replaceChildren(...facts.map(fact));
}

async function showLag() {
  let told;
  try {
    const lag = await ask("api/lag");
    const records = Object.values(lag).reduce((sum, each) => sum + each, 0);
    const behind = Object.entries(lag).filter(([, each]) => each > 0).map(([topic, each]) => `${topic} ${count(each)}`);
    told = ["Lag", `${count(records)} records${behind.length ? ` (${behind.join(", ")})` : ""}`, false];
  } catch (error) {
    told = ["Lag", error.message, true];
  }
  const made = fact(told);
  made.id = "lag";
  at("lag")?.remove();
  at("now").append(made);
}

// --- partitions

function describe(table, cell) {
  const several = Object.values(cell.counts).reduce((sum, each) => sum + each, 0) > 1;
  const states = Object.entries(cell.counts).map(([state, each]) => (several ? `${each} ${SYMBOLS[state][1]}` : SYMBOLS[state][1]));
  return `${table}, ${cell.day}: ${states.join(", ")}`;
}

function showPartitions(overview) {
  const grid = at("partitions");
  const days = overview.days.map((day) => element("th", { scope: "col", title: day, ariaLabel: day }, day.slice(8)));
  grid.tHead.replaceChildren(element("tr", {}, element("th", { scope: "col" }, "Table"), ...days));
  const rows = overview.partitions.map(({ table, cells }) => {
    const made = cells.map((cell) => {
      const button = element("button", { type: "button", className: cell.state, tabIndex: -1 }, SYMBOLS[cell.state][0]);
      button.ariaLabel = button.title = describe(table, cell);
      button.addEventListener("click", () => openDay(table, cell));
      return element("td", {}, button);
    });
    return element("tr", {}, element("th", { scope: "row" }, table), ...made);
  });
  grid.tBodies[0].replaceChildren(...rows);
  const last = grid.querySelector("tbody tr td:last-child button");
  if (last) last.tabIndex = 0;
  const shown = Object.entries(SYMBOLS).filter(([state]) => state !== "none");
  const keys = shown.flatMap(([state, [symbol, words]]) => [element("span", { className: state, ariaHidden: "true" }, symbol), words]);
  at("legend").replaceChildren(...keys);
}

/** One cell is in the order of Tab; the arrow keys make another one that cell. */
function moveInGrid(event) {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const button = event.target.closest("td button");
  if (!steps || !button) return;
  event.preventDefault();
  const place = button.parentElement;
  const row = at("partitions").tBodies[0].rows[place.parentElement.sectionRowIndex + steps[0]];
  const next = row?.cells[place.cellIndex + steps[1]]?.querySelector("button");
  if (!next) return;
  button.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function openDay(table, cell) {
  at("day-title").textContent = `${table}, ${cell.day}`;
  const lines = Object.entries(cell.counts).map(([state, each]) => element("li", {}, `${each} ${SYMBOLS[state][1]}`));
  const parts = [element("ul", {}, ...lines)];
  if (cell.broken.length) parts.push(element("p", {}, `To repair: ${cell.broken.join(", ")}`));
  if (cell.broken.length && !cell.repair) parts.push(element("p", {}, "The day is not over: the next build may still mend it."));
  at("day-text").replaceChildren(...parts);
  const repair = at("repair");
  repair.hidden = !cell.repair;
  if (cell.repair) {
    const { dag_id: dag, runs } = cell.repair;
    repair.textContent = `Repair: ${count(runs)} ${runs === 1 ? "run" : "runs"} of ${dag}`;
    repair.onclick = () => startRepair(cell.repair);
  }
  at("day").showModal();
}

// --- repairs

async function startRepair({ dag_id, from_date, to_date }) {
  at("day").close();
  say("");
  try {
    const body = { dag_id, from_date, to_date, reprocess_behavior: "completed", max_active_runs: 1 };
    await follow(await ask(`${AIRFLOW}/backfills`, body));
    await show();
  } catch (error) {
    say(`The repair was not done: ${error.message}`);
  }
}

/** Shows the progress of a backfill until Airflow says that it is over. */
async function follow(backfill) {
  const label = `Backfill ${backfill.id} of ${backfill.dag_id}, ${when(backfill.from_date)} to ${when(backfill.to_date)}`;
  const bar = element("progress", { ariaLabel: label });
  const text = element("span", {}, "queued");
  const line = element("p", { role: "status" }, `${label}: `, bar, " ", text);
  at("repairs").append(line);
  const { from_date: first, to_date: last } = backfill;
  const range = new URLSearchParams({ run_type: "backfill", logical_date_gte: first, logical_date_lte: last, limit: "100" });
  try {
    for (;;) {
      const runs = (await ask(`${AIRFLOW}/dags/${encodeURIComponent(backfill.dag_id)}/dagRuns?${range}`)).dag_runs;
      const done = runs.filter((run) => run.state === "success").length;
      const failed = runs.filter((run) => run.state === "failed").length;
      if (runs.length) Object.assign(bar, { max: runs.length, value: done + failed });
      text.textContent = `${done} of ${runs.length} runs done${failed ? `, ${failed} failed` : ""}`;
      const { completed_at } = await ask(`${AIRFLOW}/backfills/${backfill.id}`);
      if (completed_at) {
        if (failed) throw new Error(`${failed} of ${runs.length} runs of ${backfill.dag_id} failed; read their logs`);
        say(`${label}: done`);
        return;
      }
      await new Promise((resume) => setTimeout(resume, POLL_MS));
    }
  } finally {
    line.remove();
  }
}

/** Backfills that were under way when the page was opened, whoever started them. */
async function followRunning(dags) {
  for (const dag of dags) {
    const { backfills } = await ask(`${AIRFLOW}/backfills?${new URLSearchParams({ dag_id: dag, order_by: "-id", limit: "5" })}`);
    for (const backfill of backfills.filter((each) => !each.completed_at)) {
      follow(backfill).then(show).catch((error) => say(`The repair was not done: ${error.message}`));
    }
  }
}

// --- tables

function showTables(overview) {
  const titles = ["Table", "Freshness", "Newest", "Published", "Next due", "Score", "Lowest", "Unusual", "Refused"];
  at("tables").tHead.replaceChildren(element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title))));
  const quality = Object.fromEntries(overview.quality.map((each) => [each.table, each]));
  const rows = overview.tables.map((each) => {
    const scored = quality[each.table];
    const words = { fresh: "fresh", late: `⚠ ${each.overdue.length} overdue`, empty: "nothing in these weeks" }[each.state];
    const known = each.overdue.map((miss) => `${miss.key}: ${miss.why}`);
    const dimensions = Object.entries(scored?.dimensions ?? {}).map(([name, score]) => `${name} ${score ?? "not told"}`).join(", ");
    const due = [`due ${each.deadline_minutes} minutes after an interval ends`, ...known].join("\n");
    const number = (value, title = "") => element("td", { className: "number", title }, value === undefined ? "" : String(value));
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, each.table),
      element("td", { className: each.state === "late" ? "bad-word" : "", title: due }, words),
      element("td", {}, each.newest ?? ""),
      element("td", {}, each.published_at ? when(each.published_at) : ""),
      element("td", {}, each.next_due ? when(each.next_due) : ""),
      scored?.docs_page ? element("td", { className: "number", title: dimensions }, docsOf(scored)) : number(scored?.total, dimensions),
      number(scored?.lowest, scored ? `of ${scored.lowest_of}` : ""),
      number(scored?.unusual),
      number(scored?.refused),
    );
  });
  at("tables").tBodies[0].replaceChildren(...rows);
}

/** A score that leads to Great Expectations' page about it. */
function docsOf({ total, newest, docs_page: page }) {
  const href = `api/docs/${page.split("/").map(encodeURIComponent).join("/")}`;
  return element("a", { href, target: "_blank", rel: "noopener", ariaLabel: `${total}, Data Docs of ${newest}` }, String(total));
}

// --- the page

const say = (text) => { at("message").textContent = text; };

async function show() {
  const overview = await ask("api/overview");
  at("as-of").textContent = `as of ${when(overview.as_of)}`;
  showNow(overview);
  showPartitions(overview);
  showTables(overview);
  if (overview.unread.partitions) say(`The lake's logs cannot be read (${overview.unread.partitions}); the api-server's log says why.`);
  if (overview.unread.pending) say(`Pending hours cannot be told from missing ones (${overview.unread.pending}).`);
  document.querySelector("main").ariaBusy = "false";
  showLag();
  return overview;
}

const tell = (error) => say(`The page cannot be shown: ${error.message}`);
followTheme();
addEventListener("storage", followTheme);
at("partitions").addEventListener("keydown", moveInGrid);
at("refresh").addEventListener("click", () => show().catch(tell));
show().then(() => followRunning(["build_hourly", "build_daily"])).catch(tell);

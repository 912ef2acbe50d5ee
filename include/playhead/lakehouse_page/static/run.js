// The tab of a run: what it read and published, as the user who is signed in may see it.

import { ask, at, count, element, fact, followTheme, when } from "./common.js";

const span = (keys) => (keys.length ? `${count(keys.length)}: ${keys[0]} to ${keys.at(-1)}` : "none");

function show(run) {
  const facts = [
    ["Read", `bronze.events, version ${run.bronze_version}`, false],
    ["Hours", `${span(run.hours)} (${run.kind})`, false],
    ["Left for the next build", span(run.pending_hours), false],
    ["Refused by the gate", run.refused.join(", ") || "none", run.refused.length > 0],
    ["Recorded", `${when(run.finished_at)}, planned ${when(run.planned_at)}`, false],
  ];
  at("now").replaceChildren(...facts.map(fact));
  const head = ["Table", "Version", "Partitions", "First", "Last", "Rows"].map((title) => element("th", { scope: "col" }, title));
  at("tables").tHead.replaceChildren(element("tr", {}, ...head));
  const rows = run.tables.map((each) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, each.table),
      ...[each.version, count(each.partitions), each.first, each.last, count(each.rows)].map((value) => element("td", {}, String(value))),
    ),
  );
  at("tables").tBodies[0].replaceChildren(...rows);
}

followTheme();
addEventListener("storage", followTheme);
try {
  show(await ask(`api/run${location.search}`));
} catch (error) {
  at("message").textContent = `Nothing can be told of this run: ${error.message}`;
}
document.querySelector("main").ariaBusy = "false";

// The operator's board: asks for the state each second, shows it, and sends acts.
import { draw } from "./chart.js";
import { StreetMap } from "./map.js";
import { fill } from "./table.js";
import { WORDS, choose } from "./words.js";

const $ = (id) => document.getElementById(id);
const at = (path) => new URL(path, import.meta.url);
let language = choose(), words = WORDS[language], state = null, map = null, missed = 0, told = null;

const number = (n) => n.toLocaleString(language);
const minutes = (s) => `${Math.floor(s / 3600) ? `${Math.floor(s / 3600)} h ` : ""}${Math.floor((s % 3600) / 60)} min ${String(Math.floor(s % 60)).padStart(2, "0")} s`;
const clock = (s) => new Date(s * 1000).toLocaleTimeString(language);
const put = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };
const list = (names) => (names.length > 3 ? `${names.slice(0, 3).join(", ")} + ${names.length - 3}` : names.join(", "));

function translate() {
  document.documentElement.lang = language;
  document.title = `${words.title} · evacroute`;
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = words[one.dataset.t];
  $("language").value = language;
  put("said", "");
  put("alert", "");
  if (state) show();
}

function facts(id, pairs) {
  const box = $(id);
  while (box.children.length > pairs.length) box.lastChild.remove();
  pairs.forEach(([name, value, mood], i) => {
    let row = box.children[i];
    if (!row) {
      row = document.createElement("div");
      row.append(document.createElement("dt"), document.createElement("dd"));
      box.append(row);
    }
    if (row.firstChild.textContent !== name) row.firstChild.textContent = name;
    if (row.lastChild.textContent !== value) row.lastChild.textContent = value;
    row.lastChild.className = mood || "";
  });
}

function show() {
  const { answers, alarm, plan, store, planning, hazard, shelters } = state;
  put("alarm", alarm.at === null ? words.no_alarm : words.alarm_at(clock(alarm.at)));
  $("alarm").className = alarm.at === null ? "pill" : "pill on";
  const rest = alarm.at === null ? 0 : alarm.deadline_s - alarm.since_s;
  put("clock", alarm.at === null ? clock(state.now) : `${words.since(minutes(alarm.since_s))}, ${rest >= 0 ? words.left_to(minutes(rest)) : words.over(minutes(-rest))}`);
  put("per_s", number(answers.per_s));
  const most = draw($("spark"), answers.history.per_s, 600 / answers.history.step_s);
  put("spark-note", words.spark(number(most)));
  $("spark").setAttribute("aria-label", words.spark(number(most)));
  const minute = answers.minute;
  facts("minute", [
    [words.reserved, number(minute.reserved_parties), "good"],
    [words.unreserved, number(minute.unreserved_parties), minute.unreserved_parties ? "warn" : ""],
    [words.no_safe_route, number(minute.no_safe_route_parties), minute.no_safe_route_parties ? "bad" : ""],
    [words.rejected, number(minute.rejected), minute.rejected ? "warn" : ""],
  ]);
  put("of-replica", words.of_replica(state.replica.slice(0, 8), store.replicas));
  const follows = plan.served !== plan.wanted;
  facts("facts", [
    [words.plan, plan.served, follows ? "warn" : ""],
    ...(follows ? [[`${words.wanted} (${words.follow})`, plan.wanted]] : []),
    ...(plan.wanted === plan.bundle ? [] : [[words.bundle, plan.bundle]]),
    [words.version, `${state.version}`],
    [words.store, store.up ? words.up : words.down, store.up ? "good" : "bad"],
    [words.replicas, `${store.replicas ?? "?"}`],
    [words.adopted, number(state.adopted)],
    [words.oversold, number(state.oversold), state.oversold ? "bad" : ""],
    [words.hazard, hazard.kinds ? `${hazard.kinds}, ${words.streets_closed(hazard.closed)}` : words.none],
    [words.hazard_time, minutes(hazard.time_s)],
  ]);
  const sum = (name) => shelters.reduce((n, s) => n + (s[name] ?? 0), 0);
  const known = shelters.some((s) => s.taken !== null);
  put("totals", known ? words.totals(number(sum("taken")), number(sum("capacity"))) : words.unknown);
  if (known) {
    const more = document.createElement("small");
    more.textContent = `${words.totals_more(number(sum("arrived")), number(sum("left")))}`;
    $("totals").append(document.createElement("br"), more);
  }
  fill($("rows"), shelters, words, number, (s) => (s.is_closed ? askOpen([], [s]) : askClose([], [s])));
  showClosed();
  showPlanning(planning);
  put("alarm-note", alarm.is_fixed ? words.fixed : alarm.at === null ? words.no_alarm : words.alarm_at(clock(alarm.at)));
  $("alarm-back").disabled = alarm.at === null || alarm.is_fixed;
  $("alarm-now").disabled = alarm.at !== null;
  $("rollback").disabled = plan.is_bundles && planning.state !== "running";
  $("replan-now").disabled = planning.state === "running";
  if (told !== null && told !== (alarm.at ?? 0)) put("alert", alarm.at === null ? words.done_back : `${words.saw_alarm} ${words.alarm_at(clock(alarm.at))}`);
  told = alarm.at ?? 0;
}

function showClosed() {
  const { streets, shelters } = state.closures;
  const rows = [
    ...streets.map((s) => ({ key: `s ${s.name} ${s.links}`, text: `${s.name}, ${words.links(s.links, s.of)}`, open: () => askOpen([s], []) })),
    ...shelters.map((s) => ({ key: `p ${s.id}`, text: s.name, open: () => askOpen([], [s]) })),
  ];
  const key = language + rows.map((row) => row.key).join("|");
  if ($("closed").dataset.key !== key) {
    $("closed").dataset.key = key;
    $("closed").replaceChildren(...rows.map((row) => {
      const item = document.createElement("li"), text = document.createElement("span"), button = document.createElement("button");
      text.textContent = row.text;
      button.textContent = words.open;
      button.setAttribute("aria-label", `${words.open}: ${row.text}`);
      button.addEventListener("click", row.open);
      item.append(text, button);
      return item;
    }));
    if (!rows.length) $("closed").append(Object.assign(document.createElement("li"), { textContent: words.nothing_closed }));
  }
  $("undo").disabled = !state.undo.length;
  put("undo", state.undo.length ? words.undo(list(state.undo)) : words.no_undo);
  map?.show(streets.flatMap((s) => s.ids), state.shelters);
  $("map").setAttribute("aria-label", words.map_alt(streets.length, state.shelters.length));
}

function showPlanning(p) {
  $("progress").hidden = p.state !== "running";
  $("progress").value = p.share;
  $("progress").setAttribute("aria-label", words.planning);
  // Opening a street or going back brings other prices than those that were made last.
  const isServed = p.plan === state.plan.served;
  const text = {
    idle: () => words.idle,
    running: () => `${words.running(clock(p.since))} (${words[`stage_${p.stage}`] ?? p.stage})`,
    failed: () => words.failed(p.reason),
    stopped: () => words.stopped(p.reason),
    done: () => !isServed ? words.done_other(p.plan, state.plan.served) : `${words.done(p.plan, number(p.seconds), number(p.gain_s), number(Math.round(p.mean_s / 6) / 10))} ${words.done_left(number(p.no_room), number(p.no_way))}`,
  }[p.state];
  put("planning", text());
  $("planning").className = { failed: "bad", running: "warn", done: isServed ? "good" : "" }[p.state] || "";
}

async function poll() {
  try {
    const answer = await fetch(at("state"), { signal: AbortSignal.timeout(4000) });
    if (!answer.ok) throw new Error((await answer.json()).error);
    const next = await answer.json();
    // An answer that was under way when an act was done is older than what is known.
    state = state && next.version < state.version && next.replica === state.replica && !next.store.is_lost ? { ...next, version: state.version } : next;
    missed = 0;
    show();
    document.body.dataset.ready = "1";
  } catch {
    missed += 1;
  }
  const lost = state?.store.is_lost;
  $("link").hidden = missed < 2 && !lost;
  put("link", missed >= 2 ? words.offline : lost ? words.lost : "");
  $("link").className = "pill lost";
  setTimeout(poll, 1000);
}

async function send(act, body, done) {
  put("alert", "");
  put("said", "");
  try {
    const answer = await fetch(at(act), {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Evacroute-Act": "1" },
      body: JSON.stringify({ version: state.version, ...body }),
      signal: AbortSignal.timeout(10000),
    });
    const said = await answer.json();
    if (!answer.ok) {
      if (answer.status === 409) state.version = said.version;
      put("alert", said.error);
      return;
    }
    state.version = said.version;
    put("said", said.changed || act === "replan" ? done : words.same);
    if (act === "close") $("street").value = "";
  } catch {
    put("alert", words.offline);
  }
}

function ask(text, yes, go) {
  put("confirm-text", text);
  put("yes", yes);
  $("yes").onclick = () => { $("confirm").close(); go(); };
  $("confirm").showModal();
  $("no").focus();
}

const named = (streets, shelters) => list([...streets.map((s) => s.name), ...shelters.map((s) => s.name || s.id)]);

function askClose(streets, shelters) {
  const name = named(streets, shelters), replan = $("replan").checked;
  ask(words.ask_close(name) + (replan ? words.ask_close_more : ""), words.yes_close, () =>
    send("close", { names: streets.map((s) => s.name), shelters: shelters.map((s) => s.id), replan }, words.done_close(name)));
}

function askOpen(streets, shelters) {
  const name = named(streets, shelters);
  ask(words.ask_open(name), words.yes_open, () =>
    send("open", { names: streets.map((s) => s.name), shelters: shelters.map((s) => s.id), replan: $("replan").checked }, words.done_open(name)));
}

$("close").addEventListener("submit", (event) => {
  event.preventDefault();
  if (state) askClose([{ name: $("street").value.trim() }], []);
});
$("no").addEventListener("click", () => $("confirm").close());
$("undo").addEventListener("click", () => ask(words.ask_open(list(state.undo)), words.yes_open, () => send("undo", { replan: $("replan").checked }, words.done_open(list(state.undo)))));
$("replan-now").addEventListener("click", () => ask(words.ask_replan, words.yes_replan, () => send("replan", {}, words.done_replan)));
$("rollback").addEventListener("click", () => ask(words.ask_rollback, words.yes_rollback, () => send("rollback", {}, words.done_rollback)));
$("alarm-now").addEventListener("click", () => ask(words.ask_alarm, words.yes_alarm, () => send("alarm", { alarm_at: "now" }, words.done_alarm)));
$("alarm-back").addEventListener("click", () => ask(words.ask_back, words.yes_back, () => send("alarm", { alarm_at: null }, words.done_back)));
$("language").addEventListener("change", () => {
  language = $("language").value;
  words = WORDS[language];
  localStorage.setItem("evacroute-language", language);
  translate();
});

async function begin() {
  translate();
  poll();
  const answer = await fetch(at("map"));
  if (!answer.ok) return;
  const data = await answer.json();
  $("names").replaceChildren(...data.names.filter(Boolean).map((name) => Object.assign(document.createElement("option"), { value: name })));
  map = new StreetMap($("map"), data, (name) => { $("street").value = name; });
  if (state) showClosed();
}

begin();

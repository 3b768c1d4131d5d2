// The answer: where to, by which way, how likely in time, and how long the place is kept.

import { decode, distance } from "./city.js";
import { keep, recall } from "./memory.js";
import { isOnline, probe } from "./net.js";
import { oddsOf } from "./odds.js";
import { clock, lasting, metres, minutes, t } from "./text.js";
import { $, enable, isEnabled, write } from "./ui.js";

const SIGNS = { good: "✓", warn: "!", bad: "✕" };
const REASONS = ["nearest", "by the plan", "with room", "step-free", "after the deadline"];
const OFF_M = 60;
const SOON_S = 600;
const STALE_MS = 12 * 3600 * 1000;

export class AnswerView {
  constructor(map) {
    this.map = map;
    this.city = null;
    this.last = null;
    this.isOff = false;
    this.wasStale = false;
    $("back").addEventListener("click", () => this.go(-1));
    $("next").addEventListener("click", () => this.go(1));
    setInterval(() => this.tick(), 5000);
    addEventListener("line", () => this.tick());
    document.addEventListener("visibilitychange", () => this.tick());
  }

  get isShown() {
    return !$("answer").hidden;
  }

  // When the place ends [ms since 1970], null = it is not held or held for good.
  get until() {
    const { told, at, held_at: heldAt } = this.last;
    return told.held_until_s === null ? null : (heldAt ?? at) + 1000 * told.held_until_s;
  }

  get isLate() {
    return this.until !== null && Date.now() > this.until;
  }

  // An answer of yesterday is no word to set out today.
  get isStale() {
    return Date.now() - this.last.at > STALE_MS;
  }

  show(last) {
    this.last = last;
    this.wasStale = this.isStale;
    this.showCard();
    this.showSteps();
    this.showMap();
    this.tick();
  }

  showCard() {
    const { told, has_arrived: hasArrived } = this.last;
    const isNone = told.status === "no_safe_route";
    const odds = isNone ? null : oddsOf(told.p_safe, told.is_safe);
    const isSure = told.status === "reserved" && !odds?.todo && !this.isStale;
    const kind = isNone ? "bad" : isSure || hasArrived ? "good" : "warn";
    $("card").dataset.kind = kind;
    $("sign").textContent = SIGNS[kind];
    $("state-text").textContent = t(hasArrived ? "status_arrived" : `status_${told.status}`);
    $("card-title").textContent = isNone ? t("none_title") : told.shelter.name;
    write("there-in", isNone || hasArrived || this.isStale ? "" : this.arrival());
    $("odds").hidden = isNone || hasArrived;
    if (odds) {
      $("odds-words").textContent = t(odds.words);
      $("odds-meaning").textContent = t(odds.meaning, { k: odds.k });
    }
    const isLow = odds?.todo === "todo_low" && !hasArrived;
    const number = document.body.dataset.emergency;
    write("todo", odds?.todo && !hasArrived ? t(odds.todo, { number }) : "");
    write("call", isNone || isLow ? t("call", { number }) : "");
    $("call").href = `tel:${number}`;
    write("why", isNone ? this.noneWhy() : this.why());
    write("tell-where", isNone || isLow ? t("tell_where", { place: this.place() }) : "");
    $("step-title").textContent = t(isNone ? "none_todo" : "steps_title");
    $("plan").textContent = t("plan", { plan: told.plan });
  }

  arrival() {
    const { arrive_s: when, distance_m: far, depart_in_s: wait } = this.last.told;
    return t("there_in", {
      n: minutes(when.q50 - (wait ?? 0)),
      m: minutes(when.q90 - (wait ?? 0)),
      far: metres(far),
    });
  }

  why() {
    const { told } = this.last;
    const words = told.reason.split(",").map((one) => one.trim());
    const said = REASONS.filter((one) => words.includes(one));
    const all = said.map((one) => t(`why_${one.replaceAll(/[ -]/g, "_")}`));
    if (told.status === "unreserved") all.unshift(t("unreserved_why"));
    return all.join(t("between"));
  }

  noneWhy() {
    return ["wheels", "steps"].includes(this.last.who) && !this.last.helped ? t("none_helped") : "";
  }

  place() {
    const { lon, lat } = this.last.point;
    const name = this.city?.near(lon, lat);
    const where = `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
    return name ? `${name} (${where})` : where;
  }

  showSteps() {
    const { told, tag } = this.last;
    const steps = told.directions;
    // What to do where there is no way is no walk: it is read at one glance.
    const isList = told.status === "no_safe_route";
    $("steps").toggleAttribute("data-list", isList);
    $("list").open = isList;
    for (const one of document.querySelectorAll(".one-by-one")) one.hidden = isList;
    $("step").lang = $("all").lang = tag;
    $("all").replaceChildren(
      ...steps.map((text) => {
        const item = document.createElement("li");
        item.textContent = text;
        return item;
      }),
    );
    this.showStep();
  }

  showStep() {
    const steps = this.last.told.directions;
    const at = Math.min(this.last.step ?? 0, steps.length - 1);
    $("step").textContent = steps[at] ?? "";
    $("step-number").textContent = t("step_of", { n: at + 1, m: steps.length });
    enable("back", at > 0);
    enable("next", at < steps.length - 1);
    const isList = $("steps").hasAttribute("data-list");
    [...$("all").children].forEach((one, i) => {
      if (i === at && !isList) one.setAttribute("aria-current", "step");
      else one.removeAttribute("aria-current");
    });
  }

  go(by) {
    if (!isEnabled(by > 0 ? "next" : "back")) return;
    this.keep({ step: (this.last.step ?? 0) + by });
    this.showStep();
    if (by > 0) this.onWalk?.();
  }

  // Change the last answer, here and where it is kept.
  keep(changes) {
    this.last = { ...this.last, ...changes };
    if (recall("last")) keep({ last: this.last });
  }

  showMap() {
    if (!this.city || !this.isShown) return;
    const { told, point } = this.last;
    const place = this.city.metres(point.lon, point.lat);
    const line = decode(told.route ?? "").map((one) => this.city.metres(...one));
    const { shelter } = told;
    const chosen = shelter && { ...shelter, at: this.city.metres(shelter.lon, shelter.lat) };
    this.map.set({ point: place, route: line.length > 1 ? line : null, chosen });
    if (line.length > 1) this.map.fit([place, ...line]);
    else this.map.look(place);
  }

  // Where the person walks now, from the phone: drawn, and compared with the way.
  walked(lon, lat, accuracy) {
    if (!this.city || !this.last) return;
    const at = this.city.metres(lon, lat);
    this.map.set({ me: { at, accuracy } });
    const line = decode(this.last.told.route ?? "").map((one) => this.city.metres(...one));
    this.isOff = line.length > 1 && distance(at, line) > OFF_M + Math.min(accuracy, 100);
    $("off-way").hidden = !this.isOff;
  }

  // What changes with time.
  tick() {
    if (!this.isShown || !this.last) return;
    const { told, at, has_arrived: hasArrived } = this.last;
    const old = (Date.now() - at) / 1000;
    if (!isOnline()) probe();
    const { isStale } = this;
    if (isStale && !this.wasStale) {
      // It was left open until now.
      this.wasStale = true;
      this.showCard();
      this.onStale?.();
    }
    const word = isStale && !hasArrived ? "age_last" : isOnline() ? (old < 60 ? "age_new" : "age") : "age_offline";
    write("age", t(word, { time: clock(at), old: lasting(old) }));
    $("age").className = isOnline() && !isStale ? "" : "note";
    const isNone = told.status === "no_safe_route";
    write("leave", isNone || hasArrived || isStale ? "" : this.leave(old));
    const left = this.until === null ? null : (this.until - Date.now()) / 1000;
    let held = "";
    if (hasArrived) held = t("kept");
    else if (this.isLate) held = t("held_over");
    else if (left !== null) held = t("held", { time: clock(this.until) });
    write("held", held);
    const isHeld = told.status === "reserved" && !hasArrived;
    $("arrived").hidden = isNone || hasArrived;
    $("renew").hidden = !isHeld || this.isLate || left === null || left > SOON_S;
    $("cancel").hidden = isNone;
  }

  leave(old) {
    const wait = this.last.told.depart_in_s ?? 0;
    if (wait - old < 20) return t("leave_now");
    return t("leave_at", { time: clock(this.last.at + 1000 * wait), n: lasting(wait - old + 59) });
  }
}

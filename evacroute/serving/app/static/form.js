// Who asks, and from where.

import { keep, recall } from "./memory.js";
import { asked, HELPED } from "./odds.js";
import { language, t } from "./text.js";
import { $, enable, say } from "./ui.js";

const MOST = 99;

export class Form {
  constructor(map) {
    this.map = map;
    this.city = null;
    this.point = null;
    this.isGuided = false;
    this.count = 1;
    $("position").addEventListener("click", () => this.locate());
    $("street").addEventListener("input", () => this.search());
    $("fewer").addEventListener("click", () => this.setCount(this.count - 1));
    $("more").addEventListener("click", () => this.setCount(this.count + 1));
    for (const one of $("form").elements.who) one.addEventListener("change", () => this.show());
    const { who = "", helped = false, count = 1 } = recall("choices") ?? {};
    $("form").elements.who.value = who;
    $("form").elements.helped.checked = helped;
    this.setCount(count);
    this.show();
  }

  get who() {
    return $("form").elements.who.value;
  }

  get isHelped() {
    return HELPED.includes(this.who) && $("form").elements.helped.checked;
  }

  // Write anew what depends on the choice or the language.
  show() {
    const isAsked = HELPED.includes(this.who);
    $("helped").hidden = !isAsked;
    $("helped-text").textContent = isAsked ? t(`helped_${this.who}`) : "";
    $("pad").setAttribute("aria-label", t("map"));
    this.showPoint();
  }

  setCount(n) {
    const few = Math.min(MOST, Math.max(1, n));
    this.count = few;
    $("count").textContent = String(few);
    enable("fewer", few > 1);
    enable("more", few < MOST);
  }

  setPoint(lon, lat, { isGuided = false, looks = true } = {}) {
    if (this.city && !this.city.holds(lon, lat)) {
      $("point").textContent = t("position_outside");
      return;
    }
    this.point = { lon, lat };
    this.isGuided = isGuided;
    say();
    this.showPoint();
    if (!this.city) return;
    const at = this.city.metres(lon, lat);
    this.map.set({ point: at });
    if (looks) this.map.look(at);
  }

  // Where the point is, in words.
  place() {
    const { lon, lat } = this.point;
    return (this.city?.near(lon, lat) ?? "") || "";
  }

  showPoint() {
    let text = t("tap_map");
    if (this.point) {
      const place = this.place();
      text = place ? t("point_near", { place }) : t("point_set");
    }
    if ($("point").textContent !== text) $("point").textContent = text;
  }

  locate() {
    if (!navigator.geolocation) {
      $("point").textContent = t("position_denied");
      return;
    }
    $("point").textContent = t("position_wait");
    const found = ({ coords: { longitude: lon, latitude: lat } }) => {
      this.setPoint(lon, lat, { isGuided: true });
    };
    const lost = () => ($("point").textContent = t("position_denied"));
    const how = { enableHighAccuracy: true, timeout: 15_000, maximumAge: 10_000 };
    navigator.geolocation.getCurrentPosition(found, lost, how);
  }

  search() {
    const words = $("street").value;
    const found = this.city?.search(words) ?? [];
    $("found").replaceChildren(
      ...found.map(({ name, lon, lat }) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = name;
        button.addEventListener("click", () => {
          this.setPoint(lon, lat);
          $("street").value = name;
          $("found").replaceChildren();
          $("street").focus();
        });
        const item = document.createElement("li");
        item.append(button);
        return item;
      }),
    );
    const count = found.length ? "street_found" : "street_none";
    $("found-count").textContent = words.trim() ? t(count, { n: found.length }) : "";
  }

  // What is missing is told, and led to; else what to ask for.
  ready() {
    if (!this.point) return this.missing("need_place", "where-title");
    if (!this.who) return this.missing("need_who", null);
    keep({ choices: { who: this.who, helped: this.isHelped, count: this.count } });
    return {
      ...this.point,
      ...asked(this.who, this.isHelped),
      party_size: this.count,
      language: language(),
    };
  }

  missing(word, id) {
    say(t(word));
    const one = id ? $(id) : $("form").elements.who[0];
    one.focus();
    one.scrollIntoView({ block: "center" });
    return null;
  }
}

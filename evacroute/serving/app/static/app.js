// The page: brings form, answer, map and network together.

import { AnswerView } from "./answer.js";
import { City } from "./city.js";
import { Form } from "./form.js";
import { MapView } from "./map.js";
import { forget, keep, newToken, recall, token } from "./memory.js";
import { attempt, isOnline, persist, Refused, Stopped } from "./net.js";
import { loadMap } from "./shelf.js";
import { clock, LANGUAGES, language, preferred, speak, t, tag } from "./text.js";
import { $, say, sure } from "./ui.js";

const ASK = document.body.dataset.ask;

const map = new MapView($("pad"), $("canvas"), (place) => form.setPoint(...place, { looks: false }));
let form;
let answer;
let asking = null;
let watch = null;

async function start() {
  const wanted = recall("language") ?? preferred();
  await speak(LANGUAGES.includes(wanted) ? wanted : "en");
  $("language").value = language();
  form = new Form(map);
  answer = new AnswerView(map);
  answer.onWalk = renewWalking;
  answer.onStale = stopWatching;
  $("form").addEventListener("submit", submit);
  $("last").addEventListener("click", () => open(recall("last")));
  $("language").addEventListener("change", changeLanguage);
  $("zoom-in").addEventListener("click", () => map.zoom(1.6));
  $("zoom-out").addEventListener("click", () => map.zoom(1 / 1.6));
  $("again").addEventListener("click", back);
  $("again-here").addEventListener("click", againHere);
  for (const deed of ["arrived", "renew", "cancel"]) {
    $(deed).addEventListener("click", () => act(deed));
  }
  $("forget").addEventListener("click", forgetAll);
  if (recall("last")) open(recall("last"));
  else showForm();
  if (recall("pending")) carryOut(recall("pending"));
  document.body.dataset.ready = "";
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => undefined);
  await loadMap(useMap, () => ($("map-missing").hidden = false));
}

// The map comes when it comes; until then one can ask with the phone's position.
function useMap(told) {
  const city = new City(told);
  form.city = answer.city = city;
  map.setCity(city);
  $("map-missing").hidden = true;
  if (form.point) form.setPoint(form.point.lon, form.point.lat, { isGuided: form.isGuided });
  if (answer.isShown) answer.show(answer.last);
  document.body.dataset.map = "";
}

function showForm() {
  $("answer").hidden = true;
  $("form").hidden = false;
  $("last").hidden = !recall("last");
  $("form-map").append($("map"));
  map.picks = true;
  map.set({ route: null, chosen: null, me: null });
  stopWatching();
}

function open(last) {
  stopAsking();
  say();
  $("form").hidden = true;
  $("answer").hidden = false;
  $("off-way").hidden = true;
  $("answer-map").append($("map"));
  map.picks = false;
  answer.show(last);
  $("card-title").focus({ preventScroll: true });
  scrollTo({ top: 0 });
  if (last.isGuided && !answer.isStale) startWatching();
}

async function submit(event) {
  event.preventDefault();
  if (asking) {
    stopAsking();
    return;
  }
  const said = form.ready();
  if (said) await ask(said, { isGuided: form.isGuided, who: form.who, helped: form.isHelped });
}

// Ask, as often as it takes, and open the answer; `about` is kept with it.
async function ask(said, about) {
  stopAsking();
  const own = new AbortController();
  asking = own;
  const body = { instances: [{ token: token(), ...said }], parameters: { route: "polyline" } };
  say(t("asking"));
  $("ask").textContent = t("stop");
  try {
    const reply = await persist(ASK, body, { signal: own.signal, tell: waiting });
    const { token: _, ...told } = reply.predictions[0];
    const point = { lon: said.lon, lat: said.lat };
    const last = { told, at: Date.now(), point, said, tag: tag(), step: 0, ...about };
    keep({ last });
    open(last);
  } catch (error) {
    if (error instanceof Stopped) return;
    stopAsking();
    if (!(error instanceof Refused)) throw error;
    say(t(error.word));
  }
}

function waiting(seconds, tries) {
  say(t(isOnline() ? "retry" : "offline", { n: seconds, k: tries }));
}

function stopAsking() {
  if (asking) {
    asking.abort();
    asking = null;
    say();
  }
  $("ask").textContent = t("ask");
}

// Back to the questions, with the answers given and the place where they were.
function back() {
  stopAsking();
  const { point } = answer.last;
  showForm();
  form.setPoint(point.lon, point.lat);
  $("where-title").focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

function againHere() {
  const { said, who, helped } = answer.last;
  const { lon, lat } = watch.place;
  ask({ ...said, lon, lat, language: language() }, { isGuided: true, who, helped });
}

// Only for who has let the page know the position, and only while the way is shown.
function startWatching() {
  stopWatching();
  if (!navigator.geolocation) return;
  const found = ({ coords: { longitude: lon, latitude: lat, accuracy } }) => {
    watch.place = { lon, lat };
    answer.walked(lon, lat, accuracy);
  };
  const how = { enableHighAccuracy: true, maximumAge: 5000 };
  watch = { id: navigator.geolocation.watchPosition(found, () => undefined, how) };
}

function stopWatching() {
  if (watch) navigator.geolocation.clearWatch(watch.id);
  watch = null;
}

async function act(deed) {
  if (deed === "cancel" && !(await sure("sure_cancel", "sure_cancel_yes", "sure_cancel_no"))) return;
  keep({ pending: deed });
  await carryOut(deed);
}

// Tell the server what is done with the place, as often as it takes; also after the page was shut.
async function carryOut(deed) {
  const held = token();
  let told;
  try {
    const tell = () => say(t("later"));
    told = await persist("place", { token: held, do: deed }, { tell });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    keep({ pending: undefined });
    say(t(error.word));
    return;
  }
  if (recall("token") !== held || recall("pending") !== deed) return;
  keep({ pending: undefined });
  if (deed === "cancel") {
    // A token that gave its place back is refused for a while: who asks again is somebody new.
    newToken();
    keep({ last: undefined });
    if (answer.isShown) back();
    showForm();
    say(t("given"));
  } else if (told.held) {
    took(told);
    say(told.arrived ? t("told_arrived") : t("held", { time: clock(answer.until) }));
  } else say(t(deed === "arrived" ? "not_held_arrived" : "not_held"));
}

function took(told) {
  if (!answer.last) return;
  const { last } = answer;
  const status = told.held ? "reserved" : last.told.status;
  const changed = { ...last.told, status, held_until_s: told.held_until_s };
  const hasArrived = told.arrived || last.has_arrived;
  answer.keep({ told: changed, held_at: Date.now(), has_arrived: hasArrived });
  answer.showCard();
  answer.tick();
}

// Who goes on to the next step is on the way: the place is kept without asking.
async function renewWalking() {
  const { last, until } = answer;
  if (until === null || until - Date.now() > 900_000) return;
  const told = await attempt("place", { token: token(), do: "renew" }).catch(() => undefined);
  if (told?.held && answer.last === last) took(told);
}

async function changeLanguage() {
  keep({ language: $("language").value });
  await speak($("language").value);
  $("language").value = language();
  form.show();
  stopAsking();
  if (!answer.isShown) return;
  const { said, isGuided, who, helped } = answer.last;
  answer.show(answer.last);
  // Directions come from the server: the same question brings them, and the same place.
  await ask({ ...said, language: language() }, { isGuided, who, helped });
}

async function forgetAll() {
  if (!(await sure("sure_forget", "sure_forget_yes", "sure_forget_no"))) return;
  stopAsking();
  forget();
  answer.last = null;
  form.point = null;
  map.set({ point: null });
  $("form").reset();
  form.setCount(1);
  form.show();
  showForm();
  say(t("forgotten"));
}

start();

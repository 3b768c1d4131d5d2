"use strict";
// What a search leads to: a route, a shelter, a street or a link.

function startSearch(map, data, streets, shelters, routes, controls) {
  const panel = document.getElementById("found");
  const persons = data.person_id || [];
  const households = data.person_household_table || [];
  const membersOf = persons.length ? grouped(data.person_household, households.length) : () => [];
  const streetsOf = grouped(data.street_name, data.street_name_table.length);

  const show = (title, ...content) => {
    const close = element("button", { type: "button", class: "close", onclick: () => { panel.hidden = true; routes.clear(map); } }, "Close");
    panel.replaceChildren(element("h2", {}, title), close, ...content.filter((part) => part));
    panel.hidden = false;
    panel.scrollIntoView({ block: "nearest" });
  };

  const showMovement = (title, movement, from, ...extra) => {
    routes.draw(map, movement, from);
    routes.moveTo(controls.view.mode === "whole" ? 0 : controls.time);
    show(title, ...extra, routes.description(movement));
  };

  const showLeft = (title, group, from, ...extra) => {
    routes.drawLeft(map, group, from);
    show(title, element("p", { class: "problem" }, "No shelter was found."), routes.leftDescription(group), ...extra);
  };

  const choose = {
    Person(person) {
      const from = data.person_lon ? [data.person_lat[person], data.person_lon[person]] : null;
      const title = `Person ${persons[person]}`;
      const group = data.person_group[person];
      const household = data.person_household[person];
      const mates = membersOf(household).length;
      const home = mates > 1
        ? element("p", {}, "Of household ", button(households[household], () => choose.Household(household)), `, ${count(mates, "person")}`)
        : null;
      if (group < 0) {
        routes.clear(map);
        if (from) map.setView(from, 17);
        show(title, element("p", { class: "problem" }, `No shelter was found: ${data.meta.set_aside}.`));
      } else if (data.person_movement[person] < 0) showLeft(title, group, from, home);
      else showMovement(title, data.person_movement[person], from, home);
    },
    Household(household) {
      const members = membersOf(household);
      const list = element("ul", {}, ...members.map((person) => element("li", {}, button(`Person ${persons[person]}`, () => choose.Person(person)))));
      const title = `Household ${households[household]}: ${count(members.length, "person")}`;
      const placed = members.find((person) => data.person_movement[person] >= 0);
      const first = placed === undefined ? members[0] : placed;
      choose.Person(first);
      panel.querySelector("h2").textContent = title;
      panel.querySelector(".close").after(list);
    },
    Group(group) {
      const movements = routes.ofGroup(group);
      const title = `Group ${data.group_id[group]}: ${count(data.group_size[group], "person")}`;
      const left = routes.leftOfGroup(group).length ? routes.leftDescription(group) : null;
      if (!movements.length) return showLeft(title, group, null);
      const open = (movement) => {
        const others = movements.length < 2 ? null : element(
          "p", { class: "parts" }, "This group walks in parts: ",
          ...movements.map((other, i) => button(`${i + 1}: ${count(data.movement_size[other], "person")}`, () => open(other), other === movement))
        );
        showMovement(title, movement, null, others, left);
      };
      return open(movements[0]);
    },
    Shelter(shelter) {
      shelters.open(shelter);
    },
    Street(name) {
      const same = streetsOf(name);
      // The dearest piece, or else the longest, speaks for them all.
      const worth = (street) => [streets.highest[street], data.street_length[street]];
      const best = same.reduce((best, street) => {
        const [a, b] = [worth(street), worth(best)];
        return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]) ? street : best;
      });
      streets.show(same, best);
    },
    Link(link) {
      const street = linkStreet[link];
      streets.show([street], street);
    },
  };

  const [linkNames, linkStreet] = linkIds(data);
  const sources = [
    { kind: "Person", names: persons },
    { kind: "Household", names: households },
    { kind: "Group", names: data.group_id },
    { kind: "Shelter", names: data.shelter_id, more: data.shelter_name },
    { kind: "Street", names: data.street_name_table },
    { kind: "Link", names: linkNames, more: linkStreet.map((street) => data.street_name_table[data.street_name[street]]) },
  ];
  return new Search(sources, (kind, position) => choose[kind](position));
}

// Ids of all links, of both directions, and the street of each.
function linkIds(data) {
  const ids = [];
  const streets = [];
  data.street_id.forEach((id, street) => {
    for (const name of [id, data.street_id_back[street]]) {
      if (name === "") continue;
      ids.push(name);
      streets.push(street);
    }
  });
  return [ids, streets];
}

function button(text, onclick, current = false) {
  return element("button", { type: "button", class: "link", onclick, ...(current ? { "aria-current": "true" } : {}) }, text);
}

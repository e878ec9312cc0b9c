
"use strict";
(() => {
  const form = document.getElementById("filter");
  const [status, text, button, count] = ["select", "input", "button", "output"].map((name) => form.querySelector(name));
  const cases = [...document.querySelectorAll(".case")];
  const words = cases.map((one) => `${one.firstElementChild.textContent} ${one.dataset.find}`.toLowerCase());

  const fits = (one) => !status.value || one.dataset.status === status.value
    || (status.value === "not-green" && one.dataset.status !== "pass");
  const filter = () => {
    const wanted = text.value.trim().toLowerCase();
    cases.forEach((one, place) => { one.hidden = !(fits(one) && words[place].includes(wanted)); });
    for (const area of document.querySelectorAll(".area")) {
      area.hidden = !area.querySelector(".case:not([hidden])");
    }
    const shown = cases.filter((one) => !one.hidden);
    count.textContent = `${shown.length} of ${cases.length} cases`;
    button.disabled = shown.length === 0;
    button.textContent = shown.length > 0 && shown.every((one) => one.open) ? "Close all shown" : "Open all shown";
  };
  const toggle = () => {
    const shown = cases.filter((one) => !one.hidden);
    const open = !shown.every((one) => one.open);
    for (const one of shown) one.open = open;
    filter();
  };
  // A link to a case opens it, also one that the filter has hidden.
  const reveal = () => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    for (let around = place; around; around = around.parentElement) {
      around.hidden = false;
      if (around.tagName === "DETAILS") around.open = true;
    }
    place.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  status.addEventListener("change", filter);
  text.addEventListener("input", filter);
  button.addEventListener("click", toggle);
  addEventListener("hashchange", reveal);
  filter();
  reveal();
})();

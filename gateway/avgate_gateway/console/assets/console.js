// Two conveniences, which nothing depends on.
"use strict";
// What was just done is told once: loaded anew, the page does not say it again.
const told = new URL(location.href);
if (told.searchParams.has("did")) {
  told.searchParams.delete("did");
  history.replaceState(history.state, "", told);
}
// The number of the case has to be typed before the button answers. The gateway checks.
for (const field of document.querySelectorAll("input[data-expected]")) {
  const button = field.form.querySelector("button[value=approve]");
  const plain = (text) => text.replace(/[\s-]/g, "").toUpperCase();
  const compare = () => {
    const fits = plain(field.value) === plain(field.dataset.expected);
    button.setAttribute("aria-disabled", String(!fits));
  };
  field.addEventListener("input", compare);
  field.form.addEventListener("submit", (event) => {
    if (event.submitter === button && button.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      field.focus();
    }
  });
  compare();
}

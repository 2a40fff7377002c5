// The number of the case has to be typed before the button answers: a convenience. The gateway checks.
"use strict";
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

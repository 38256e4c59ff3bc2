// The plan of a building: arrows move from house to house.

const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// watchPlan sets up the plan on this page, and choices that submit their form.
export function watchPlan() {
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-submit]")) target.form.submit();
  });
  document.querySelector("[data-plan]")?.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    const cell = event.target.closest("td");
    if (!step || !cell) return;
    event.preventDefault();
    next(cell, step)?.focus();
  });
}

// next returns the nearest house in a direction.
function next(cell, [down, right]) {
  let row = cell.parentElement;
  let at = cell.cellIndex;
  for (;;) {
    at += right;
    for (let i = down; i > 0; i--) row = row.nextElementSibling;
    for (let i = down; i < 0; i++) row = row.previousElementSibling;
    if (!row?.cells[at] || at < 1) return null;
    const house = row.cells[at].querySelector("a");
    if (house) return house;
  }
}

// The search box: "/" or Ctrl K goes to it, it answers while one types, arrows move through the answer
// (up and down between hits, left and right within one), Enter opens, Esc closes. What is typed is
// sent in a body, never in an address. Without scripts the form leads to a page with the answer.

const pause = 200; // ms after the last letter

// watchSearch sets up the boxes of the page.
export function watchSearch() {
  const boxes = [...document.querySelectorAll("form[data-find]")].map(searchBox);
  if (boxes.length === 0) return;
  let opening = false; // the key that opens the box is no text, even for programs that type it in two events
  document.addEventListener("keyup", () => {
    opening = false;
  });
  document.addEventListener("keypress", (event) => {
    if (opening) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target);
    const ctrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!(slash || ctrlK) || document.querySelector("dialog[open]")) return;
    const shown = boxes.findLast(({ input }) => input.offsetParent);
    event.preventDefault();
    opening = true;
    if (!shown) {
      location.href = boxes[0].form.getAttribute("action"); // a narrow screen
      return;
    }
    shown.input.focus();
    shown.input.select();
  });
}

// typing reports whether keys pressed there are text.
function typing(target) {
  return target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio], [type=button]), textarea, select");
}

function searchBox(form) {
  const input = form.querySelector("input[name=text]");
  const panel = form.querySelector("[data-find-panel]");
  const floats = panel.hidden; // over the page, as opposed to being the page
  let timer = 0;
  let request = null;
  let asked = null; // the text whose answer is shown
  let moving = null; // an arrow that waits for the answer

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-haspopup", "grid");
  input.setAttribute("aria-autocomplete", "list");
  expand(!floats);

  // expand shows or hides the answer.
  function expand(open) {
    const grid = panel.querySelector("[role=grid]");
    if (floats) panel.hidden = !open;
    if (grid) grid.id ||= floats ? "find-panel-hits" : "find-page-hits";
    input.setAttribute("aria-expanded", String(open && grid !== null));
    if (open && grid) input.setAttribute("aria-controls", grid.id);
    else input.removeAttribute("aria-controls");
    for (const cell of panel.querySelectorAll("[role=gridcell]")) {
      if (!cell.id.startsWith(grid.id)) cell.id = `${grid.id}-${cell.id}`;
      if (floats) cell.firstElementChild.tabIndex = -1;
    }
    if (!open) choose(null);
  }

  function chosen() {
    return panel.querySelector("[aria-selected=true]");
  }

  function choose(cell) {
    chosen()?.removeAttribute("aria-selected");
    if (!cell) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    cell.setAttribute("aria-selected", "true");
    cell.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", cell.id);
  }

  // ask fetches the answer to what is typed now; an earlier question is dropped. The kinds that took
  // too long for typing are asked for once more, patiently.
  async function ask(patient = false) {
    clearTimeout(timer);
    const text = input.value.trim();
    if (text === asked && !patient) {
      expand(true);
      return;
    }
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    const body = new URLSearchParams(new FormData(form));
    if (patient) body.set("patient", "1");
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body,
        headers: { "HX-Request": "true" },
        redirect: "error",
        signal,
      });
      if (!response.ok) throw new Error(String(response.status));
      const answer = await response.text();
      if (signal.aborted) return;
      const held = patient && chosen()?.querySelector("a").href;
      panel.innerHTML = answer;
      asked = text;
      expand(document.activeElement === input || !floats);
      const again = held && [...panel.querySelectorAll("[role=gridcell] a")].find(({ href }) => href === held);
      if (again) choose(again.closest("[role=gridcell]"));
      const more = panel.querySelector("[data-find-again]") && ask(true);
      if (!panel.querySelector("[role=row]")) await more; // an arrow waits for something to move to
    } catch {
      if (signal.aborted) return;
      asked = null;
      panel.textContent = "暂时查不到，按回车重试。";
      expand(true);
    }
  }

  function close() {
    clearTimeout(timer);
    request?.abort();
    if (floats) expand(false);
    else choose(null);
  }

  // step moves the choice between hits, or within one.
  function step(down, right) {
    const rows = [...panel.querySelectorAll("[role=row]")].map((row) => [...row.querySelectorAll("[role=gridcell]")]);
    if (rows.length === 0) return false;
    const at = rows.findIndex((cells) => cells.includes(chosen()));
    if (right) {
      if (at < 0) return false; // within the text
      const cells = rows[at];
      choose(cells[(cells.indexOf(chosen()) + right + cells.length) % cells.length]);
      return true;
    }
    const next = at < 0 && down < 0 ? rows.length - 1 : at + down;
    choose(next < 0 || next >= rows.length ? null : rows[next][0]);
    return true;
  }

  input.addEventListener("input", (event) => {
    choose(null);
    if (event.isComposing) return; // pinyin on its way to characters
    clearTimeout(timer);
    timer = setTimeout(() => ask(), pause);
  });
  input.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(), pause);
  });
  input.addEventListener("focus", () => {
    if (floats) ask();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (move && !event.shiftKey) {
      const open = input.getAttribute("aria-expanded") === "true";
      if (move[0] && !(open && input.value.trim() === asked)) {
        // What is shown, if anything, answers something else: the choice is among the hits of what is typed.
        event.preventDefault();
        const moved = ask().then(() => input.value.trim() === asked && step(...move));
        moving = moved;
        moved.finally(() => {
          if (moving === moved) moving = null;
        });
      } else if (open && step(...move)) event.preventDefault();
    }
    if (event.key === "Enter" && moving) {
      event.preventDefault();
      moving.then(() => chosen()?.querySelector("a").click());
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      chosen().querySelector("a").click();
    }
    if (event.key === "Escape") {
      if (floats && panel.hidden) input.blur();
      close();
      event.preventDefault();
    }
  });
  // Enter opens what is chosen, also if a program types it in two events.
  form.addEventListener("submit", (event) => {
    if ((chosen() || moving) && event.submitter?.name !== "everywhere") event.preventDefault();
  });
  if (floats) {
    form.addEventListener("focusout", (event) => {
      if (!form.contains(event.relatedTarget)) close();
    });
    // A click in the answer must not take the focus, or the answer would close before it opens.
    panel.addEventListener("mousedown", (event) => event.preventDefault());
  }
  return { form, input };
}

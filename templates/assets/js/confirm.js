// Questions before acts that hurt. A button with data-ask sends its form without "confirmed=1", and
// the server answers with the page of its question, whose numbers are of this moment: the form on
// that page is shown as a dialog. Without scripts, the page itself is. Any other answer, such as a
// form with messages, is fetched again as a page.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// ask shows a question of the page itself and resolves to true or false; Escape means false.
export function ask({ text, yes, danger }) {
  const dialog = element("dialog", "tx-dialog");
  const message = element("p", "", text);
  message.id = "tx-dialog-text";
  const buttons = element("form", "tx-dialog-buttons");
  buttons.method = "dialog";
  const no = element("button", "btn", "取消");
  no.value = "no";
  const agree = element("button", danger ? "btn btn-danger" : "btn btn-primary", yes);
  agree.value = "yes";
  buttons.append(no, agree);
  dialog.append(message, buttons);
  dialog.setAttribute("aria-labelledby", message.id);
  document.body.append(dialog);
  if (!dialog.showModal) {
    dialog.remove();
    return Promise.resolve(window.confirm(text)); // browsers older than 2022
  }
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
    (danger ? no : agree).focus();
  });
}

// question returns the form of the server's question, null if it has something else to say, or "done" if
// the act needed none and is done.
async function question(form, button) {
  // By attribute: without one, the property is the page's own address.
  const response = await fetch(button.getAttribute("formaction") ?? form.getAttribute("action"), {
    method: "POST",
    body: form.enctype === "multipart/form-data" ? new FormData(form, button) : new URLSearchParams(new FormData(form, button)),
    redirect: "manual",
  });
  if (response.type === "opaqueredirect") return "done";
  if (!response.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("main form.tx-confirm");
}

// show shows a question as a dialog; the focus is not on its dangerous button.
function show(form, opener) {
  const dialog = element("dialog", "tx-dialog tx-dialog-ask");
  const heading = form.querySelector("h2");
  heading.id = "tx-dialog-title";
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.append(form);
  const cancel = form.querySelector("[data-cancel]");
  const leave = (event) => {
    event.preventDefault();
    event.stopPropagation();
    dialog.close();
  };
  cancel?.addEventListener("click", leave);
  // A link is followed when Enter goes down: by the keypress, the focus would be back on the opener, and press it. The key that
  // pressed the opener may still be down.
  let pressed = false;
  cancel?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    pressed ||= !event.repeat;
  });
  cancel?.addEventListener("keyup", (event) => {
    if (pressed && event.key === "Enter") leave(event);
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    const menu = opener.closest("details:not([open])"); // a row's menu, which closed
    (menu?.querySelector("summary") ?? opener).focus();
  });
  form.addEventListener("submit", () => {
    if (opener.form && !("plain" in form.dataset)) opener.form.dataset.sent = "1"; // its changes are being saved
  });
  if ("plain" in form.dataset) form.addEventListener("submit", () => setTimeout(() => dialog.close())); // a download
  document.body.append(dialog);
  dialog.showModal();
  (form.querySelector("select, input:not([type=hidden])") ?? cancel)?.focus();
  watchTyped(form);
}

// bare is a typed text as it is compared: full-width figures and marks as their plain ones, without spaces and commas.
const bare = (text) =>
  text
    .replaceAll(/[\uFF01-\uFF5E]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replaceAll(/[\s,]/g, "");

// watchTyped enables a button once what it asks for is typed.
function watchTyped(form) {
  const button = form.querySelector("[data-typed]");
  if (!button) return;
  const check = () => {
    button.disabled = [...form.querySelectorAll("input[required]")].some((field) =>
      field.name === "typed" ? bare(field.value) !== bare(button.dataset.typed) : field.value.trim() === "",
    );
  };
  form.addEventListener("input", check);
  check();
}

// watchConfirms wires all buttons with data-ask, and questions shown as pages.
export function watchConfirms() {
  for (const form of document.querySelectorAll("main form.tx-confirm")) watchTyped(form);
  document.addEventListener(
    "submit",
    async (event) => {
      const button = event.submitter;
      const form = event.target;
      if (!button || !("ask" in button.dataset) || !window.HTMLDialogElement) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      button.setAttribute("aria-busy", "true");
      const asked = await question(form, button).catch(() => null);
      button.removeAttribute("aria-busy");
      if (asked === "done") {
        form.dataset.sent = "1";
        location.reload(); // with the message
        return;
      }
      if (asked) {
        show(asked, button);
        return;
      }
      delete button.dataset.ask; // the server has something else to say
      form.requestSubmit(button);
    },
    true,
  );
}

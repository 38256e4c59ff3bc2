// Confirmation dialogs: a button with data-confirm="…" asks with that text before its form is
// submitted, and adds confirmed=1, so that the server does not ask again. Without scripts the
// server asks on a page of its own.

import { boxesOf } from "./list.js";

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// ask shows the question and resolves to true or false; Escape means false.
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

function confirmedInput() {
  const input = element("input");
  Object.assign(input, { type: "hidden", name: "confirmed", value: "1" });
  return input;
}

// watchConfirms wires all buttons with data-confirm.
export function watchConfirms() {
  document.addEventListener(
    "submit",
    async (event) => {
      const button = event.submitter;
      const form = event.target;
      if (!button?.dataset.confirm || form.querySelector('input[name="confirmed"]')) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const ticked = boxesOf(form).filter((box) => box.checked).length;
      const text = button.dataset.confirm.replace("{n}", String(ticked));
      const danger = "danger" in button.dataset || button.classList.contains("btn-danger");
      if (!(await ask({ text, yes: button.textContent.trim(), danger }))) return;
      const input = confirmedInput();
      form.append(input);
      if (form.requestSubmit) form.requestSubmit(button);
      else form.submit();
      input.remove();
    },
    true,
  );
}

// Uploads: [data-upload] around a file input. The input stays as it is, for keyboard and screen
// reader; this adds a drop area, the file's name and size, and checks before submission. The server
// checks again.

function parts(box) {
  const field = box.closest(".tx-field");
  return {
    field,
    input: box.querySelector("input[type=file]"),
    chosen: box.querySelector("[data-upload-chosen]"),
    words: box.querySelector("[data-upload-words]"),
    error: field.querySelector("[data-upload-error]"),
  };
}

// size formats bytes as the server does.
function size(n) {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${Math.ceil(n / 1024)} KB`;
  return `${(n / 1024 / 1024).toFixed(1).replace(/\.0$/, "")} MB`;
}

// fault returns what is wrong with the chosen files; "" if nothing.
function fault(box, input) {
  if (input.files.length > 1) return "只能上传一个文件";
  const file = input.files[0];
  if (!file) return "";
  const maxBytes = Number(box.dataset.maxBytes);
  const endings = input.accept.split(",");
  if (!endings.some((ending) => file.name.toLowerCase().endsWith(ending))) {
    return `只支持 ${endings.map((ending) => ending.slice(1)).join("、")} 文件`;
  }
  if (file.size > maxBytes) return `文件有 ${size(file.size)}，最大 ${size(maxBytes)}`;
  return file.size === 0 ? "文件是空的" : "";
}

function show(box) {
  const { field, input, chosen, words, error } = parts(box);
  const file = input.files[0];
  const wrong = fault(box, input);
  chosen.hidden = !file;
  words.textContent = file ? `${file.name}，${size(file.size)}` : "";
  error.hidden = !wrong;
  error.querySelector("span").textContent = wrong;
  field.classList.toggle("tx-wrong", wrong !== "");
  input.classList.toggle("is-invalid", wrong !== "");
  wrong ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
}

function drop(box, files) {
  const { input } = parts(box);
  if (input.disabled || files.length === 0) return;
  input.files = files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function boxOf(event) {
  return event.target.closest?.("[data-upload]");
}

// watchUploads sets up all uploads of the page, present and future.
export function watchUploads() {
  document.addEventListener("change", (event) => boxOf(event) && show(boxOf(event)));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-upload-drop]")) return;
    const { input } = parts(boxOf(event));
    input.value = "";
    show(boxOf(event));
    input.focus();
  });
  document.addEventListener("submit", stop, true);
  // After the back button the browser may have kept the file.
  window.addEventListener("pageshow", () => {
    for (const box of document.querySelectorAll("[data-upload]")) if (parts(box).input.files.length) show(box);
  });

  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const box = boxOf(event);
      if (!box || !event.dataTransfer?.types.includes("Files")) return;
      if (name !== "dragleave") event.preventDefault(); // otherwise the browser opens the file
      box.classList.toggle("tx-over", name === "dragover");
      if (name === "drop") drop(box, event.dataTransfer.files);
    });
  }
}

// stop prevents a form from being submitted with a file that the server would reject.
function stop(event) {
  for (const box of event.target.querySelectorAll("[data-upload]")) {
    const { input } = parts(box);
    if (!fault(box, input)) continue;
    event.preventDefault();
    event.stopImmediatePropagation();
    show(box);
    input.focus();
    return;
  }
}

// Pictures of a form on the phone, each sent as soon as it is chosen: the form's answer is the page with it, of which only this
// part is taken, so that nothing that is typed meanwhile is lost.
//
//   <fieldset data-photos data-room="9">     in the form; drawn again as a whole
//     input type=file                        one file without scripts, several with them
//     [data-photos-keep]                     whose value is the URL that takes a picture
//     [data-photo-remove]                    a button that removes one
//     [data-photos-state] hidden             says what is being sent

const side = 2560; // pixels that are kept at most
const small = 1.5 * 1024 * 1024; // bytes: what is smaller is sent as it is

// shrunk returns the picture as the server would keep it: less to send, and JPEG whatever the phone's camera writes. What the
// browser cannot read is sent as it is, for the server to say so.
export async function shrunk(file) {
  if (file.size < small && /^image\/(jpeg|png)$/.test(file.type)) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return made ?? file;
  } catch {
    return file;
  }
}

const block = (form) => form.querySelector("[data-photos]");

function say(form, text) {
  const state = block(form).querySelector("[data-photos-state]");
  state.textContent = text;
  state.hidden = !text;
}

function fail(form, text) {
  say(form, "");
  const error = block(form).querySelector(".tx-error");
  error.querySelector("span").textContent = text;
  error.hidden = !text;
}

// send posts the form with at most one picture, and takes over the pictures of the answer. It reports whether that worked.
async function send(form, url, picture) {
  const body = new FormData(form);
  body.delete("photo");
  if (picture) body.append("photo", picture, "photo.jpg");
  try {
    const response = await fetch(url, { method: "POST", body });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.querySelector("[data-photos]");
    if (!next || response.redirected) {
      fail(form, page.querySelector(".tx-empty-title")?.textContent.trim() || "没有传上去，请稍后再试");
      return false;
    }
    block(form).replaceWith(next);
    open(form);
    return response.ok;
  } catch {
    fail(form, "网络不通，照片没有传上去，请重试");
    return false;
  }
}

// busy marks the form while something is sent: it cannot be submitted without its pictures.
async function busy(form, work) {
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  block(form).setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    delete form.dataset.sent;
    block(form).removeAttribute("aria-busy");
  }
}

async function sendAll(form, files) {
  const room = Number(block(form).dataset.room);
  for (const [at, file] of files.slice(0, room).entries()) {
    say(form, `正在上传第 ${at + 1} 张，共 ${Math.min(files.length, room)} 张…`);
    if (!(await send(form, block(form).querySelector("[data-photos-keep]").value, await shrunk(file)))) return;
  }
  if (files.length > room) fail(form, `最多 9 张照片，后面的 ${files.length - room} 张没有上传`);
}

function open(form) {
  const input = block(form).querySelector("input[type=file]");
  if (input) input.multiple = true;
}

// watchPhotos sets up the forms of the page.
export function watchPhotos() {
  for (const at of document.querySelectorAll("[data-photos]")) open(at.closest("form"));
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-photos] input[type=file]")) return;
    const { form } = target;
    const files = [...target.files];
    target.value = "";
    if (files.length > 0) busy(form, () => sendAll(form, files));
  });
  document.addEventListener(
    "submit",
    (event) => {
      const button = event.submitter;
      if (!button?.matches("[data-photo-remove]")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      busy(event.target, () => send(event.target, button.getAttribute("formaction"), null));
    },
    true,
  );
}

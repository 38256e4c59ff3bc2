// Pictures of the lines of an exit slip: each is sent with the form as soon as it is chosen, and the page comes back with it, at its
// line. Without scripts they are sent with whichever button is pressed.
//
//   input type=file [data-item-photo]   of a line, in a fieldset
//   button [data-item-send] hidden      of the same line, by which the form is sent

import { shrunk } from "./photos.js";

// watchItemPhotos sets up the forms of the page.
export function watchItemPhotos() {
  document.addEventListener("change", async ({ target }) => {
    if (!target.matches("[data-item-photo]") || target.files.length === 0) return;
    const line = target.closest("fieldset");
    line.setAttribute("aria-busy", "true");
    const files = new DataTransfer();
    files.items.add(new File([await shrunk(target.files[0])], "photo.jpg"));
    target.files = files.files;
    target.form.requestSubmit(line.querySelector("[data-item-send]"));
  });
}

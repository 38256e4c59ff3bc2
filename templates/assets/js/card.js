// The card that WeChat sends if somebody forwards the page.
//
//   <p hidden data-card>         the card's title; the words say how to forward, and are shown once WeChat has the card
//     data-card-text             the line below it
//     data-card-link             what it opens
//     data-card-picture          URL of its picture
//     data-card-script           URL of WeChat's JS-SDK
//     data-card-sign             URL that signs the page for it

import { mayUse } from "./jssdk.js";

export async function watchCards() {
  const hint = document.querySelector("[data-card]");
  if (!hint) return;
  const { card, cardText, cardLink, cardPicture, cardScript, cardSign } = hint.dataset;
  if (!(await mayUse(cardScript, cardSign, ["updateAppMessageShareData"]))) return;
  window.wx.updateAppMessageShareData({
    title: card,
    desc: cardText,
    link: cardLink,
    imgUrl: cardPicture,
    success: () => {
      hint.hidden = false;
    },
  });
}

// The phone's chat follows what arrives; without this script a reload shows it too.
const chat = document.querySelector("[data-chat]");

if (chat) {
  let version = chat.dataset.version;
  const toEnd = () => { chat.scrollTop = chat.scrollHeight; };

  const look = async () => {
    if (document.hidden) return;
    try {
      const now = await (await fetch(chat.dataset.look)).text();
      if (now === version) return;
      const part = await fetch(chat.dataset.part);
      if (!part.ok) return;
      chat.innerHTML = await part.text();
      version = now;
      toEnd();
    } catch { /* the server is restarting; look again */ }
  };

  toEnd();
  setInterval(look, 1500);
}

package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// A community's own official account is connected: its keys typed in and checked, the message server's address and
// keys copied to the platform, which calls at once, a follower's text answered; with a wrong secret the page says
// what to do.
func TestOfficialAccountIsConnected(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := startDemo(t)
			b := openConsole(t, address, size)
			b.await("the list", `location.assign("/console/wechatapp") || true`)
			b.await("what the configuration has", `location.pathname === "/console/wechatapp" && document.readyState === "complete" &&
				document.body.innerText.includes("配置文件的公众号")`)
			b.picture("wechatapp-list-" + name)
			b.await("the form", `location.assign("/console/wechatapp/new?kind=official") || true`)
			b.types("#f-name", "滨河苑物业")
			b.types("#f-app_id", spareOfficial)
			b.types("#f-app_secret", "ffffffffffffffffffffffffffffffff")
			b.run(`sessionStorage.token = document.querySelector("#f-token").value;
				sessionStorage.aesKey = document.querySelector("#f-aes_key").value`)
			b.picture("wechatapp-form-" + name)
			b.click(`input[name="communities"]`)
			b.click(".tx-form-foot .btn-primary")
			b.await("what is wrong with the secret", `/wechatapp.[0-9]+$/.test(location.pathname) &&
				document.body.innerText.includes("AppSecret 不正确")`)
			b.picture("wechatapp-wrong-" + name)

			b.await("the edit", `location.assign(location.pathname + "/edit") || true`)
			b.types("#f-app_secret", spareSecret)
			b.click(".tx-form-foot .btn-primary")
			b.await("checked", `document.body.innerText.includes("微信已应答") && document.body.innerText.includes("未收到消息") &&
				document.querySelector("[data-copy*='/callback/oa/']")`)
			b.run(`sessionStorage.server = document.querySelector("[data-copy*='/callback/oa/']").dataset.copy;
				sessionStorage.page = location.href`)

			// The platform calls before it accepts the address.
			b.await("the platform", `location.assign("/sim/platform/`+spareOfficial+`") || true`)
			b.await("its form", `location.pathname.startsWith("/sim/platform/") && document.readyState === "complete"`)
			b.run(`for (const [field, value] of Object.entries({
				url: sessionStorage.server, token: sessionStorage.token, aes_key: sessionStorage.aesKey,
			})) document.querySelector("[name=" + field + "]").value = value`)
			b.picture("wechatapp-platform-" + name)
			b.click("form .primary")
			b.await("accepted", `document.body.innerText.includes("回调校验通过")`)
			b.await("the account's page", `location.assign(sessionStorage.page) || true`)
			b.await("in use", `location.href === sessionStorage.page && document.readyState === "complete" &&
				document.body.innerText.includes("最近一次收到微信的消息") && document.body.innerText.includes("使用中")`)
			b.picture("wechatapp-done-" + name)
		})
	}
}
